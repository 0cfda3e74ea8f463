import { revisionOf, type TopologySpec } from '../../transport/topology-spec.ts';

/** What differs from one spec to another, by component. */
export interface SpecChanges {
  readonly added: string[];
  readonly removed: string[];
  readonly changed: string[];
}

/** What differs; before the first spec there was nothing. */
export function specChanges(before: TopologySpec | undefined, after: TopologySpec): SpecChanges {
  const [old, present] = [definitions(before), definitions(after)];
  return {
    added: [...present.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !present.has(name)),
    changed: [...present]
      .filter(([name, text]) => old.has(name) && old.get(name) !== text)
      .map(([name]) => name),
  };
}

/** All that a component is, by name. */
function definitions(spec: TopologySpec | undefined): ReadonlyMap<string, string> {
  const components = spec?.components ?? [];
  return new Map(
    components.map((component) => [
      component.name,
      JSON.stringify([component, revisionOf(component, spec?.bundle)]),
    ]),
  );
}
