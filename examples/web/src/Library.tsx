import { type FormEvent, useEffect } from 'react';
import { useQuery } from 'urql';
import { useConnection } from './connection.ts';
import { Frame } from './Frame.tsx';
import { VideosDocument } from './gql/graphql.ts';
import { SANDBOX_ORIGINAL, toHref } from './hooks.ts';

/** Where to begin: one of yours, the sandbox's original, or a task id from elsewhere. */
export function Library({ selected }: { selected: string }) {
  const connection = useConnection();
  const [{ data, error }, read] = useQuery({
    query: VideosDocument,
    requestPolicy: 'cache-and-network',
  });
  useEffect(() => {
    if (error && connection === 'open') read({ requestPolicy: 'network-only' });
  }, [error, connection, read]);
  const videos = data?.videos.edges.map(({ node }) => node) ?? [];

  function onPaste(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const taskId = String(new FormData(event.currentTarget).get('taskId') ?? '').trim();
    if (taskId) location.hash = toHref(taskId);
    event.currentTarget.reset();
  }

  return (
    <section className="library" aria-labelledby="library">
      <h2 id="library">Begin somewhere else</h2>
      <div className="elsewhere">
        <a className="button" href={toHref(SANDBOX_ORIGINAL)}>
          The sandbox’s original
        </a>
        <form onSubmit={onPaste}>
          <label htmlFor="taskId">Task id</label>
          <input id="taskId" name="taskId" required autoComplete="off" spellCheck={false} />
          <button type="submit" className="quiet">
            Open
          </button>
        </form>
      </div>
      <h3>Your videos</h3>
      {error && !data && (
        <p>They could not be read. It is tried again when the connection is back.</p>
      )}
      {data && videos.length === 0 && <p>None yet: extend one.</p>}
      <ul className="grid">
        {videos.map((video) => (
          <li key={video.id}>
            <Frame video={video} isCurrent={video.id === selected || video.taskId === selected} />
          </li>
        ))}
      </ul>
    </section>
  );
}
