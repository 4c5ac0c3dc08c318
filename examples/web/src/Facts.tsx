import { useState } from 'react';
import { Delete } from './Delete.tsx';
import { Download } from './Download.tsx';
import { toDate, toDay } from './format.ts';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { toStoryboardHref } from './hooks.ts';
import { isEnded, isLost, KINDS, QUALITY_NAMES, SHAPES } from './words.ts';

/**
 * What is known of a video, and what can be taken along.
 *
 * @param seconds the length of the file, where it has been read.
 */
export function Facts({ video, seconds }: { video: VideoFieldsFragment; seconds: number | null }) {
  const length = seconds ?? video.duration;
  const shape = video.aspectRatio && SHAPES[video.aspectRatio];
  return (
    <div className="facts">
      <ul aria-label="About this video">
        <li>{KINDS[video.kind]}</li>
        {video.quality && <li>{QUALITY_NAMES[video.quality]}</li>}
        {length !== null && <li>{Math.round(length * 10) / 10} s</li>}
        {shape && <li>{shape}</li>}
        {video.createdAt && (
          <li>
            <time dateTime={video.createdAt}>{toDate(video.createdAt)}</time>
          </li>
        )}
        {video.videoUrl && video.expiresAt && (
          <li>
            {video.kept?.state === 'KEPT' ? 'Kept until' : 'Available until'}{' '}
            {toDay(video.expiresAt)}
          </li>
        )}
      </ul>
      <div className="actions">
        {video.videoUrl && <Download url={video.videoUrl} prompt={video.prompt} />}
        {!isLost(video.state) && (
          <a className="button" href={toStoryboardHref(video.taskId ?? video.id)}>
            Make a long film from it
          </a>
        )}
        <CopyId id={video.taskId ?? video.id} />
        {isEnded(video.state) && video.createdAt && <Delete id={video.id} />}
      </div>
    </div>
  );
}

function CopyId({ id }: { id: string }) {
  const [says, setSays] = useState('');
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(id);
      setSays('Copied');
    } catch {
      // Pages that came by plain HTTP from another machine have no clipboard.
      setSays(id);
    }
  }
  return (
    <>
      <button type="button" className="quiet" onClick={copy}>
        Copy id
      </button>
      <span role="status">{says}</span>
    </>
  );
}
