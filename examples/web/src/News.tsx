import { toFilmTitle } from './film.ts';
import { toHref } from './hooks.ts';
import type { Made } from './submit.ts';

const ENDS: Record<string, string> = {
  SUCCEEDED: 'is ready.',
  WITHDRAWN: 'was withdrawn.',
  COMPLETED: 'is complete.',
  CANCELLED: 'was stopped.',
  PAUSED: 'is paused: a shot has failed.',
};

/** The ends of what was submitted here and is not on the screen. */
export function News(props: { news: readonly Made[]; onDismiss: (made: Made) => void }) {
  return (
    <div role="status">
      {props.news.map((made) => (
        <p key={`${made.id} ${made.state}`} className="notice">
          <span>
            “{toTitle(made)}” {ENDS[made.state] ?? 'has failed.'}
          </span>
          <a href={toHref(made.id)} onClick={() => props.onDismiss(made)}>
            {made.state === 'SUCCEEDED' || made.state === 'COMPLETED' ? 'Watch it' : 'See why'}
          </a>
          <button type="button" className="quiet" onClick={() => props.onDismiss(made)}>
            Dismiss
          </button>
        </p>
      ))}
    </div>
  );
}

function toTitle(made: Made): string | null {
  return 'shots' in made ? toFilmTitle(made) : made.prompt;
}
