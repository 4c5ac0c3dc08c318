import { useState } from 'react';
import { toBrief, toMoment } from './format.ts';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { toHref } from './hooks.ts';
import { isEnded, STATES } from './words.ts';

/** A video as a still: its cover, its words, its state and its time: of its making, or when it will be ready. */
export function Frame({ video, isCurrent }: { video: VideoFieldsFragment; isCurrent?: boolean }) {
  const [broken, setBroken] = useState<string | null>(null);
  const { coverUrl, createdAt, estimatedFinishAt, expired, state } = video;
  const isExpected =
    !isEnded(state) && estimatedFinishAt !== null && Date.parse(estimatedFinishAt) > Date.now();
  const cover = !expired && coverUrl !== broken ? coverUrl : null;
  const label = expired ? 'Expired' : STATES[state].label;
  return (
    <a className="frame" href={toHref(video.id)} aria-current={isCurrent ? 'true' : undefined}>
      <span className={`still ${expired ? 'expired' : state.toLowerCase()}`}>
        {cover ? (
          <img src={cover} alt="" loading="lazy" onError={() => setBroken(cover)} />
        ) : (
          <span>{state === 'SUCCEEDED' && !expired ? 'No picture' : label}</span>
        )}
      </span>
      <span className="title">{video.prompt || 'Untitled'}</span>
      <span className="when">
        {label}
        {isExpected && (
          <>
            {' · ready at about '}
            <time dateTime={estimatedFinishAt}>{toMoment(estimatedFinishAt)}</time>
          </>
        )}
        {createdAt && !isExpected && (
          <>
            {' · '}
            <time dateTime={createdAt}>{toBrief(createdAt)}</time>
          </>
        )}
      </span>
    </a>
  );
}
