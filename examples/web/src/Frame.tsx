import type { VideoFieldsFragment } from './gql/graphql.ts';
import { toHref } from './hooks.ts';
import { STATES } from './words.ts';

/** A video as a still: its cover, its words, its state. */
export function Frame({ video, isCurrent }: { video: VideoFieldsFragment; isCurrent?: boolean }) {
  return (
    <a className="frame" href={toHref(video.id)} aria-current={isCurrent ? 'true' : undefined}>
      <span className={`still ${video.state.toLowerCase()}`}>
        {video.coverUrl && <img src={video.coverUrl} alt="" loading="lazy" />}
        {video.state !== 'SUCCEEDED' && <span>{STATES[video.state].label}</span>}
      </span>
      <span className="title">{video.prompt || 'Untitled'}</span>
    </a>
  );
}
