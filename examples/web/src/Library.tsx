import { type FormEvent, useState } from 'react';
import { Choice } from './fields.tsx';
import type { VideoState } from './gql/graphql.ts';
import { toHref } from './hooks.ts';
import { Chains, Frames } from './LibraryList.tsx';
import { usePages } from './pages.ts';

const OPEN_STATES: readonly VideoState[] = [
  'SCHEDULED',
  'UNCONFIRMED',
  'WAITING',
  'QUEUED',
  'GENERATING',
];

const FILTERS: Readonly<
  Record<string, { label: string; states?: readonly VideoState[]; none: string }>
> = {
  all: { label: 'All', none: 'None yet. What you make will be here.' },
  ready: { label: 'Ready', states: ['SUCCEEDED'], none: 'None is ready.' },
  open: { label: 'In progress', states: OPEN_STATES, none: 'None is in progress.' },
  failed: { label: 'Failed', states: ['FAILED'], none: 'None has failed.' },
};
const OPTIONS = Object.entries(FILTERS).map(([name, { label }]) => [name, label] as const);

/** One of yours, or a task id from elsewhere. */
export function Library({ selected }: { selected: string | null }) {
  const [filter, setFilter] = useState('all');

  function onOpen(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const taskId = String(new FormData(event.currentTarget).get('taskId') ?? '').trim();
    if (taskId) location.hash = toHref(taskId);
    event.currentTarget.reset();
  }

  return (
    <section className="library" aria-labelledby="library">
      <div className="elsewhere">
        <h2 id="library">Your videos</h2>
        <form onSubmit={onOpen}>
          <label htmlFor="taskId">Task id</label>
          <input id="taskId" name="taskId" required autoComplete="off" spellCheck={false} />
          <button type="submit" className="quiet">
            Open
          </button>
        </form>
      </div>
      <Choice legend="Show" name="filter" options={OPTIONS} onChange={setFilter} />
      <List key={filter} filter={filter} selected={selected} />
    </section>
  );
}

function List({ filter, selected }: { filter: string; selected: string | null }) {
  const { states, none } = FILTERS[filter] ?? { none: '' };
  const { videos, error, hasMore, isReading, readMore } = usePages(states);
  return (
    <>
      {error && !videos && (
        <p>They could not be read. It is tried again when the connection is back.</p>
      )}
      {videos?.length === 0 && <p>{none}</p>}
      {videos &&
        (states ? (
          <Frames videos={videos} selected={selected} />
        ) : (
          <Chains videos={videos} selected={selected} />
        ))}
      {hasMore && (
        <button type="button" className="quiet more" aria-disabled={isReading} onClick={readMore}>
          {isReading ? 'Reading…' : 'Show more'}
        </button>
      )}
    </>
  );
}
