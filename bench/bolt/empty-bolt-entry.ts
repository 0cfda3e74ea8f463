import { bolt } from '../../src/bolt/bolt.ts';

// It adds as much as can be known without looking.
export default bolt({ process: ({ photo }) => ({ attributes: { bytes: photo.length } }) });
