// Photos with what their cameras have written into them: `cluster deploy examples/exif/topology.ts`.
import { program, shuffle, topology } from 'autotag/topology';

export default topology('photos')
  .spout('photos', { parallelism: 'nodes' })
  .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
  .bolt('exif', {
    parallelism: 'nodes',
    grouping: shuffle('autotag'),
    program: program('exif-bolt.ts', { reads: 'photo' }),
  })
  .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('exif') })
  .build();
