// Lets a worker thread import TypeScript: `--import tsx` itself does nothing outside the main thread.
import { register } from 'tsx/esm/api';

register();
