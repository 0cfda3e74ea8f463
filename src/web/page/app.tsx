import { useEffect, useRef } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { connected } from './api/events.ts';
import { asksForToken } from './api/session.ts';
import { ClusterView } from './cluster/cluster-view.tsx';
import { JobsView } from './jobs/jobs-view.tsx';
import { ModelsView } from './models/models-view.tsx';
import { Notices } from './parts/notices.tsx';
import { SignInButton, TokenForm } from './parts/sign-in.tsx';
import { Confirmation } from './parts/confirm.tsx';
import { PhotoDialog } from './photo/photo-dialog.tsx';
import { PhotosView } from './photos/photos-view.tsx';
import { currentView, linkTo, views, type View } from './routes.ts';
import { SearchView } from './search/search-view.tsx';
import { nextTheme, theme, type Theme } from './theme.ts';

const shown: Readonly<Record<View, { readonly title: string; readonly Body: ComponentType }>> = {
  photos: { title: 'Photos', Body: PhotosView },
  search: { title: 'Search', Body: SearchView },
  cluster: { title: 'Cluster', Body: ClusterView },
  models: { title: 'Models', Body: ModelsView },
  jobs: { title: 'Jobs', Body: JobsView },
};

const themeNames: Readonly<Record<Theme, string>> = {
  auto: 'as the system',
  light: 'light',
  dark: 'dark',
};

/** The whole page. */
export function App() {
  const main = useRef<HTMLElement>(null);
  const view = currentView.value;
  const { title, Body } = shown[view];
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · Autotag`;
    // Whoever reads by keyboard or ear goes on where the new view begins.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [title]);
  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1} aria-label={title}>
        {connected.value === false && !asksForToken.value && (
          <p class="banner" role="status">
            The node does not answer. What you see may be old; the page goes on when it is back.
          </p>
        )}
        {asksForToken.value ? <TokenWanted /> : <Body />}
      </main>
      {!asksForToken.value && <PhotoDialog />}
      <Confirmation />
      <Notices />
    </>
  );
}

function Header() {
  return (
    <header class="top">
      <a class="brand" href={linkTo('photos')}>
        <Mark />
        Autotag
      </a>
      <nav aria-label="Views">
        {views.map((view) => (
          <a key={view} href={linkTo(view)} aria-current={currentView.value === view ? 'page' : undefined}>
            {shown[view].title}
          </a>
        ))}
      </nav>
      <SignInButton />
      <button type="button" class="quiet theme" onClick={nextTheme}>
        <span class="theme-mark" aria-hidden="true" />
        <span class="unseen">Colours: {themeNames[theme.value]}; change</span>
      </button>
    </header>
  );
}

function TokenWanted() {
  return (
    <section class="card narrow">
      <h1>This node wants a token</h1>
      <TokenForm />
    </section>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="mark-ground" />
      <path d="M8 8h8.6L25 16.4 16.4 25 8 16.6z" class="mark-line" />
      <circle cx="12.8" cy="12.8" r="1.8" class="mark-hole" />
    </svg>
  );
}
