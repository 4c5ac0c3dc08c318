import { useEffect, useRef, useState } from 'react';
import { useSubscription } from 'urql';
import type { Video } from '../../../client/index.ts';
import { useConnection } from './connection.ts';
import { VideoExtendedDocument } from './gql/graphql.ts';
import { SANDBOX_ORIGINAL, toHref, useSelectedId, useTheme } from './hooks.ts';
import { Library } from './Library.tsx';
import { News } from './News.tsx';
import { changeTitle } from './page-title.ts';
import { SandboxBadge } from './Sandbox.tsx';
import { SignIn } from './SignIn.tsx';
import { Start } from './Start.tsx';
import { useSubmit } from './submit.ts';
import { Take } from './Take.tsx';

const CONNECTION = {
  connecting: 'Connecting…',
  open: 'Live',
  lost: 'Connection lost',
};

export function App() {
  const connection = useConnection();
  const [theme, toggleTheme] = useTheme();
  const selected = useSelectedId();
  const [news, setNews] = useState<Video[]>([]);
  // A video may end long after it was submitted, when another one is on the screen.
  const onScreen = useRef(selected);
  onScreen.current = selected;
  const submit = useSubmit(
    (id) => {
      location.hash = toHref(id);
    },
    (video) => {
      const isOnScreen = [video.id, video.taskId].includes(onScreen.current);
      if (!isOnScreen) setNews((all) => [...all, video]);
    },
  );
  // Completions of other devices, too. The cache then reads its lists again.
  useSubscription({ query: VideoExtendedDocument });
  // No notice for the video on the screen, even if its end arrived just before it was opened.
  useEffect(() => {
    setNews((all) => all.filter(({ id, taskId }) => id !== selected && taskId !== selected));
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
      <SignIn />
      <News
        news={news}
        onDismiss={(video) => setNews((all) => all.filter((other) => other !== video))}
      />
      <main>
        {selected ? (
          <Take key={selected} id={selected} submit={submit} />
        ) : (
          <Start submit={submit} />
        )}
      </main>
      <Library selected={selected} />
    </div>
  );
}
