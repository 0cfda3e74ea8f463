import { describe, expect, it } from 'vitest';
import { photoTopology } from '../../../actors/photo-topology.ts';
import { all, fields, program, shuffle, topology } from '../../../src/cluster/topology/builder.ts';
import { checkDeployable } from '../../../src/cluster/topology/deploy-check.ts';
import type { Component, TopologySpec } from '../../../src/transport/topology-spec.ts';

const bundle = { id: 'a'.repeat(64), bytes: 1 };
const exif = program('exif.ts');

const begun = (name = 'photos') =>
  topology(name)
    .spout('photos', { parallelism: 'nodes' })
    .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') });

const whole = () =>
  begun()
    .bolt('exif', { parallelism: 'nodes', grouping: shuffle('autotag'), program: exif })
    .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('exif') });

const check = (spec: TopologySpec) => checkDeployable({ ...spec, bundle }, [photoTopology]);

/** The topology with a component that is otherwise. */
function changed(name: string, change: Partial<Component>): TopologySpec {
  const spec = whole().build();
  const components = spec.components.map((one) => (one.name === name ? { ...one, ...change } : one));
  return { ...spec, components };
}

describe('a topology that is deployed', () => {
  it('is the built-in one, or has bolts between its own and beside them', () => {
    expect(checkDeployable(photoTopology, [photoTopology])).toEqual(photoTopology);
    check(whole().build());
    check(
      begun()
        .bolt('exif', { grouping: fields('autotag', 'id'), program: exif })
        .bolt('mood', { grouping: all('autotag'), program: program(['python3', 'mood.py']) })
        .bolt('both', { grouping: [shuffle('exif'), shuffle('mood')], program: exif })
        .bolt('leaf', { grouping: shuffle('exif'), program: exif })
        .bolt('dbwriter', { parallelism: 'nodes', grouping: [shuffle('both'), shuffle('autotag')] })
        .build(),
    );
  });

  it.each<[string, () => TopologySpec, string]>([
    [
      'another one',
      () =>
        topology('birds')
          .spout('tweets')
          .bolt('x', { grouping: shuffle('tweets'), program: exif })
          .build(),
      "no node has its spout tweets; bolts of users go into a topology that nodes know, so begin it with topology('photos')",
    ],
    ['one without a writer', () => begun().build(), 'its bolt dbwriter is missing'],
    [
      'one whose bolt no node knows',
      () =>
        whole()
          .bolt('exfi', { grouping: shuffle('autotag') })
          .build(),
      'no node knows its bolt exfi, which has no program; they know photos, autotag, dbwriter',
    ],
    ['one with a second spout', () => whole().spout('more').build(), 'no node knows its spout more'],
    [
      'one that replaces a built-in bolt',
      () => changed('autotag', { program: exif }),
      'autotag is a bolt that nodes have, and cannot have a program',
    ],
    [
      'one with another number of taggers',
      () => changed('autotag', { parallelism: 4 }),
      'autotag has to have the parallelism threads',
    ],
    [
      'one with a bolt before the tagger',
      () =>
        topology('photos')
          .spout('photos', { parallelism: 'nodes' })
          .bolt('exif', { grouping: shuffle('photos'), program: exif })
          .bolt('autotag', { parallelism: 'threads', grouping: shuffle('exif') })
          .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('autotag') })
          .build(),
      'autotag has to be fed by photos alone, with the grouping shuffle',
    ],
    [
      'one with a bolt beside the tagger',
      () =>
        whole()
          .bolt('raw', { grouping: shuffle('photos'), program: exif })
          .build(),
      'the bolt raw is fed by the spout photos; put it after autotag',
    ],
    [
      'one with a bolt after the writer',
      () =>
        whole()
          .bolt('late', { grouping: shuffle('dbwriter'), program: exif })
          .build(),
      'the bolt late comes after dbwriter, which gives nothing on',
    ],
    [
      'one whose writer is beside the tagger',
      () => changed('dbwriter', { inputs: [{ from: 'photos', grouping: { type: 'shuffle' } }] }),
      'dbwriter has to come after autotag',
    ],
    [
      'one that writes every photo everywhere',
      () => changed('dbwriter', { inputs: [{ from: 'exif', grouping: { type: 'all' } }] }),
      'dbwriter has to have the grouping shuffle',
    ],
    [
      'one with different groupings',
      () =>
        whole()
          .bolt('mood', { grouping: [shuffle('autotag'), all('exif')], program: exif })
          .build(),
      'the bolt mood has several sources with different groupings',
    ],
  ])('is refused with one sentence: %s', (_, make, sentence) => {
    const refused = () => check(make());
    expect(refused).toThrow(sentence);
    expect(refused).toThrow(/^The topology "[a-z]+" cannot be built: [^\n]+\.$/);
  });

  it('has a bundle if it has programs, and only then', () => {
    expect(() => checkDeployable(whole().build(), [photoTopology])).toThrow('it has no bundle of them');
    expect(() => check(photoTopology)).toThrow('no bolt with a program');
  });
});
