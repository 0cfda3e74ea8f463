import { describe, expect, it } from 'vitest';
import { all, fields, program, shuffle, topology } from '../../../src/cluster/topology/builder.ts';
import { againstTheStream, checkTopology } from '../../../src/cluster/topology/topology-check.ts';
import type { Component } from '../../../src/transport/topology-spec.ts';

const photos = () =>
  topology('photos')
    .spout('photos', { parallelism: 2 })
    .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
    .bolt('exif', { grouping: fields('photos', 'id', 'camera') })
    .bolt('dbwriter', { placement: 'store', grouping: [shuffle('autotag'), all('exif')] });

/** A component as data, whatever the builder would say. */
function component(name: string, more: Partial<Component> = {}): Component {
  const kind = more.inputs === undefined ? 'spout' : 'bolt';
  return { name, kind, parallelism: 1, placement: 'anywhere', inputs: [], ...more };
}

const input = (from: string) => ({ from, grouping: { type: 'shuffle' as const } });

describe('a topology', () => {
  it('is plain data that says all that it was told', () => {
    const spec = photos().build();
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(checkTopology(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    expect(spec).toEqual({
      name: 'photos',
      components: [
        { name: 'photos', kind: 'spout', parallelism: 2, placement: 'anywhere', inputs: [] },
        component('autotag', { kind: 'bolt', parallelism: 'threads', inputs: [input('photos')] }),
        component('exif', {
          kind: 'bolt',
          inputs: [{ from: 'photos', grouping: { type: 'fields', fields: ['id', 'camera'] } }],
        }),
        component('dbwriter', {
          kind: 'bolt',
          placement: 'store',
          inputs: [input('autotag'), { from: 'exif', grouping: { type: 'all' } }],
        }),
      ],
    });
  });

  it('has programs of users, which are commands with their limits', () => {
    const build = (runs: ReturnType<typeof program>) =>
      photos()
        .bolt('mood', { grouping: shuffle('exif'), program: runs })
        .build()
        .components.at(-1)?.program;
    const limits = { deadlineMs: 5_000, memoryBytes: 512 * 2 ** 20 };
    expect(build(program('mood.ts'))).toEqual({ command: ['node', 'mood.ts'], reads: 'tuple', ...limits });
    expect(build(program(['python3', 'mood.py'], { reads: 'photo', files: ['words.txt'] }))).toEqual({
      ...{ command: ['python3', 'mood.py'], reads: 'photo', files: ['words.txt'], ...limits },
    });
  });

  it('is started against the stream', () => {
    const order = (components: readonly Component[]) => againstTheStream(components).map(({ name }) => name);
    expect(order(photos().build().components)).toEqual(['dbwriter', 'autotag', 'exif', 'photos']);
    expect(order([...photos().build().components].reverse())).toEqual([
      ...['dbwriter', 'exif', 'autotag', 'photos'],
    ]);
  });

  it('does not compile with a source that it does not know', () => {
    // @ts-expect-error autotga is no component
    const misspelt = () => photos().bolt('x', { grouping: shuffle('autotga') });
    expect(() => misspelt().build()).toThrow(
      'The topology "photos" cannot be built: the bolt x is fed by autotga, which is no component of it.',
    );
  });

  it.each<[string, () => { build(): unknown }, string]>([
    ['a name of two components', () => photos().spout('exif'), 'two of its components are called exif'],
    ['a bad name', () => topology('My Photos').spout('a'), 'its name has to be a lower-case letter'],
    ['a bad name of a component', () => photos().spout('a.b'), 'the name of its component "a.b" has to be a'],
    [
      'no parallelism',
      () => photos().spout('a', { parallelism: 0 }),
      'the parallelism of "a" has to be a whole',
    ],
    [
      'half a task',
      () => photos().spout('a', { parallelism: 1.5 }),
      'the parallelism of "a" has to be a whole',
    ],
    ['a bolt that nobody feeds', () => photos().bolt('a', { grouping: [] }), 'nobody feeds the bolt a'],
    [
      'two groupings of one source',
      () => photos().bolt('a', { grouping: [shuffle('exif'), all('exif')] }),
      'the bolt a has two groupings of exif',
    ],
    [
      'a grouping by no field',
      () => photos().bolt('a', { grouping: fields('exif') }),
      'its component "a" has no',
    ],
    [
      'too many tasks',
      () => [1, 2, 3, 4].reduce((all, n) => all.spout(`s${String(n)}`, { parallelism: 1024 }), photos()),
      'it has 4100 tasks altogether, more than 4096',
    ],
    ['nothing', () => topology('a'), 'it has no components'],
    [
      'a program without time',
      () => photos().bolt('a', { grouping: shuffle('exif'), program: program('a.ts', { deadlineMs: 0 }) }),
      'the program of "a" is not right: deadlineMs: too small',
    ],
    [
      'a program without memory',
      () => photos().bolt('a', { grouping: shuffle('exif'), program: program('a.ts', { memoryBytes: 1 }) }),
      'the program of "a" is not right: memoryBytes: too small',
    ],
  ])('is refused with one sentence: %s', (_, make, reason) => {
    const build = () => make().build();
    expect(build).toThrow(reason);
    expect(build).toThrow(/^The topology "[^"]+" cannot be built: [^\n]+[^.]\.$/);
    expect(build).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }) as Error);
  });

  it.each<[string, unknown, string]>([
    [
      'a spout with a program',
      { name: 'a', components: [component('spout', { program: program('a.ts') })] },
      'the spout spout has a program, but only bolts have one',
    ],
    [
      'a circle',
      {
        name: 'a',
        components: [
          component('spout'),
          component('x', { inputs: [input('spout'), input('z')] }),
          component('y', { inputs: [input('x')] }),
          component('z', { inputs: [input('y')] }),
        ],
      },
      'its bolts feed each other in a circle: x → y → z → x',
    ],
    [
      'a bolt that feeds itself',
      {
        name: 'a',
        components: [component('spout'), component('x', { inputs: [input('spout'), input('x')] })],
      },
      'circle: x → x',
    ],
    [
      'no spout',
      { name: 'a', components: [component('x', { kind: 'bolt', inputs: [input('x')] })] },
      'no spout',
    ],
    [
      'a spout that is fed',
      {
        name: 'a',
        components: [component('s'), component('t', { kind: 'spout', inputs: [input('s')] })],
      },
      'the spout t has a grouping',
    ],
    ['no object', 'photos', 'it has no components'],
    ['no components', { name: 'a' }, 'it has no components'],
    [
      'a kind that is none',
      { name: 'a', components: [{ ...component('x'), kind: 'sink' }] },
      '"x" has no kind',
    ],
    ['a component that is none', { name: 'a', components: [7] }, 'its component "unnamed" has no shape'],
  ])('that somebody else wrote is refused as well: %s', (_, spec, reason) => {
    expect(() => checkTopology(spec)).toThrow(reason);
  });
});
