import { computed, signal } from '@preact/signals';

/** The views of the page, in the order of their links. */
export const views = ['photos', 'search', 'cluster', 'models', 'jobs'] as const;

/** One of {@link views}. */
export type View = (typeof views)[number];

const hash = signal(location.hash);

addEventListener('hashchange', () => {
  hash.value = location.hash;
});

const parsed = computed(() => {
  const [name = '', query = ''] = hash.value.replace(/^#\/?/, '').split('?', 2);
  return { view: views.find((view) => view === name) ?? 'photos', query: new URLSearchParams(query) };
});

/** The view that is shown. */
export const currentView = computed<View>(() => parsed.value.view);

/** What the address says about the view, such as the query of a search. */
export function parameter(name: string): string {
  return parsed.value.query.get(name) ?? '';
}

/** The address of a view. */
export function linkTo(view: View, parameters: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}

/** Goes to a view; `replace` leaves no step for the browser's back button. */
function goTo(view: View, parameters: Readonly<Record<string, string>> = {}, { replace = false } = {}): void {
  const link = linkTo(view, parameters);
  if (replace) history.replaceState(null, '', link);
  else history.pushState(null, '', link);
  hash.value = link;
}

/** Goes to the same view with some parameters changed; an empty one is left out. */
export function changeParameters(
  changes: Readonly<Record<string, string>>,
  options?: { readonly replace?: boolean },
): void {
  const { view, query } = parsed.peek();
  goTo(view, { ...Object.fromEntries(query), ...changes }, options);
}
