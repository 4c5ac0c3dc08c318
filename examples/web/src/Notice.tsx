import type { VideoFieldsFragment } from './gql/graphql.ts';
import { toHref } from './hooks.ts';

/** Tells of the end of a task that was submitted here, when it is not the one on the screen. */
export function Notice(props: {
  ended: VideoFieldsFragment | null;
  selected: string;
  onDismiss: () => void;
}) {
  const { ended, selected, onDismiss } = props;
  const isNews = ended && ended.id !== selected && ended.taskId !== selected;
  return (
    <div role="status" className="notices">
      {isNews && (
        <p className="notice">
          <span>
            “{ended.prompt}” {ended.state === 'SUCCEEDED' ? 'is ready.' : 'has failed.'}
          </span>
          <a href={toHref(ended.id)} onClick={onDismiss}>
            {ended.state === 'SUCCEEDED' ? 'Watch it' : 'See why'}
          </a>
          <button type="button" className="quiet" onClick={onDismiss}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}
