// Photos with their format and size, from a bolt in Python: `cluster deploy examples/python/topology.ts`.
import { program, shuffle, topology } from 'autotag/topology';

export default topology('photos')
  .spout('photos', { parallelism: 'nodes' })
  .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
  .bolt('size', {
    parallelism: 'nodes',
    grouping: shuffle('autotag'),
    program: program(['python3', '-B', 'size_bolt.py'], { reads: 'photo', files: ['autotag_bolt.py'] }),
  })
  .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('size') })
  .build();
