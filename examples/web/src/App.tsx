import { useEffect, useRef, useState } from 'react';
import { useSubscription } from 'urql';
import { useConnection } from './connection.ts';
import { Film } from './Film.tsx';
import { Films } from './Films.tsx';
import { VideoExtendedDocument } from './gql/graphql.ts';
import { SANDBOX_ORIGINAL, toHref, usePage, useTheme } from './hooks.ts';
import { Library } from './Library.tsx';
import { News } from './News.tsx';
import { changeTitle } from './page-title.ts';
import { SandboxBadge } from './Sandbox.tsx';
import { SignIn } from './SignIn.tsx';
import { Start } from './Start.tsx';
import { Storyboard } from './Storyboard.tsx';
import { local } from './storage.ts';
import { type Made, useSubmit } from './submit.ts';
import { Take } from './Take.tsx';

const CONNECTION = {
  connecting: 'Connecting…',
  open: 'Live',
  lost: 'Connection lost',
};

export function App() {
  const connection = useConnection();
  const [theme, toggleTheme] = useTheme();
  const page = usePage();
  const selected = 'id' in page ? page.id : null;
  const [news, setNews] = useState<Made[]>([]);
  // It may end long after it was submitted, when another one is on the screen.
  const onScreen = useRef(selected);
  onScreen.current = selected;
  const submit = useSubmit(
    (id) => {
      location.hash = toHref(id);
    },
    (made) => {
      if (!isNamedBy(made, onScreen.current)) setNews((all) => [...all, made]);
    },
  );
  // Completions of other devices, too. The cache then reads its lists again.
  useSubscription({ query: VideoExtendedDocument });
  // No notice for what is on the screen, even if its end arrived just before it was opened.
  useEffect(() => {
    setNews((all) => all.filter((made) => !isNamedBy(made, selected)));
  }, [selected]);

  useEffect(() => changeTitle({ news: news.length }), [news.length]);

  return (
    <div className="app">
      <header>
        <h1>
          <a href="#/">Longtake</a>
        </h1>
        <p className="tagline">Make AI videos and continue them, shot by shot.</p>
        {SANDBOX_ORIGINAL && <SandboxBadge />}
        <p className={`connection ${connection}`} role="status">
          {CONNECTION[connection]}
        </p>
        <button type="button" className="quiet" onClick={toggleTheme}>
          {theme === 'dark' ? 'Light' : 'Dark'}
          <span className="unseen"> theme</span>
        </button>
      </header>
      {!local && (
        <p className="notice">
          This browser stores nothing for this page. A reload loses drafts, a sign-in, and a request
          that is being sent, although it may be paid.
        </p>
      )}
      <SignIn />
      <News
        news={news}
        onDismiss={(made) => setNews((all) => all.filter((other) => other !== made))}
      />
      <main>
        {page.kind === 'start' && <Start submit={submit} />}
        {page.kind === 'video' && <Take key={page.id} id={page.id} submit={submit} />}
        {page.kind === 'film' && <Film key={page.id} id={page.id} submit={submit} />}
        {page.kind === 'storyboard' && (
          <Storyboard key={page.from} from={page.from} submit={submit} />
        )}
      </main>
      <Films selected={selected} />
      <Library selected={selected} />
    </div>
  );
}

/** The address may name a video by its task id. */
function isNamedBy(made: Made, id: string | null): boolean {
  return id !== null && (made.id === id || ('taskId' in made && made.taskId === id));
}
