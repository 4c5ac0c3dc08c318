import type { Video, VideoState } from '../../../client/index.ts';
import { toHref } from './hooks.ts';

const ENDS: Partial<Record<VideoState, string>> = {
  SUCCEEDED: 'is ready.',
  WITHDRAWN: 'was withdrawn.',
};

/** The ends of tasks that were submitted here and are not the one on the screen. */
export function News(props: { news: readonly Video[]; onDismiss: (video: Video) => void }) {
  return (
    <div role="status">
      {props.news.map((video) => (
        <p key={`${video.id} ${video.state}`} className="notice">
          <span>
            “{video.prompt}” {ENDS[video.state] ?? 'has failed.'}
          </span>
          <a href={toHref(video.id)} onClick={() => props.onDismiss(video)}>
            {video.state === 'SUCCEEDED' ? 'Watch it' : 'See why'}
          </a>
          <button type="button" className="quiet" onClick={() => props.onDismiss(video)}>
            Dismiss
          </button>
        </p>
      ))}
    </div>
  );
}
