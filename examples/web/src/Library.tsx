import { type FormEvent, useEffect } from 'react';
import { useQuery } from 'urql';
import { useConnection } from './connection.ts';
import { Frame } from './Frame.tsx';
import { VideosDocument } from './gql/graphql.ts';
import { toHref } from './hooks.ts';

/** One of yours, or a task id from elsewhere. */
export function Library({ selected }: { selected: string | null }) {
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
      <div className="elsewhere">
        <h2 id="library">Your videos</h2>
        <form onSubmit={onPaste}>
          <label htmlFor="taskId">Task id</label>
          <input id="taskId" name="taskId" required autoComplete="off" spellCheck={false} />
          <button type="submit" className="quiet">
            Open
          </button>
        </form>
      </div>
      {error && !data && (
        <p>They could not be read. It is tried again when the connection is back.</p>
      )}
      {data && videos.length === 0 && <p>None yet. What you make will be here.</p>}
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
