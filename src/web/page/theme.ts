import { effect, signal } from '@preact/signals';

/** Colours of the page: those of the system, or a person's choice. */
export type Theme = 'auto' | 'light' | 'dark';

const key = 'autotag-theme';
const themes: readonly Theme[] = ['auto', 'light', 'dark'];

/** The colours that are chosen; kept in this browser. */
export const theme = signal<Theme>(themes.find((name) => name === localStorage.getItem(key)) ?? 'auto');

/** The choice after this one. */
export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'auto';
}

/** Has the document follow {@link theme}. */
export function showTheme(): void {
  effect(() => {
    localStorage.setItem(key, theme.value);
    if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
  });
}
