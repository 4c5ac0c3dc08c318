import { useState } from 'react';
import { useQuery } from 'urql';
import { VideoDocument, type VideoFieldsFragment } from './gql/graphql.ts';
import { useNow } from './hooks.ts';
import { FAILURES, isEnded, STATES } from './words.ts';

/** The screen: the film, the progress of its making, or why there is none. */
export function Stage(props: {
  video: VideoFieldsFragment;
  /** Called with the length of the film once it is known, in seconds. */
  onLength: (seconds: number) => void;
}) {
  const { video, onLength } = props;
  if (!isEnded(video.state)) return <Progress video={video} />;
  if (video.failure) return <Failure failure={video.failure} />;
  if (video.videoUrl) {
    return <Player src={video.videoUrl} poster={video.coverUrl} onLength={onLength} />;
  }
  return (
    <div className="stage">
      <p>{video.expired ? 'Its files were kept for 14 days and are gone.' : 'It has no file.'}</p>
    </div>
  );
}

function Player(props: {
  src: string;
  poster: string | null;
  onLength: (seconds: number) => void;
}) {
  const { src, poster, onLength } = props;
  const [isBroken, setBroken] = useState(false);
  return (
    <div className="stage">
      {isBroken ? (
        <>
          {poster && <img src={poster} alt="" />}
          <a href={src}>It does not play here: open the file</a>
        </>
      ) : (
        // The provider's films have neither speech nor captions.
        // biome-ignore lint/a11y/useMediaCaption: there is nothing to caption
        <video
          controls
          loop
          playsInline
          preload="metadata"
          aria-label="The video"
          src={src}
          poster={poster ?? undefined}
          onLoadedMetadata={({ currentTarget: { duration } }) => {
            if (Number.isFinite(duration)) onLength(duration);
          }}
          onError={() => setBroken(true)}
        />
      )}
    </div>
  );
}

function Progress({ video }: { video: VideoFieldsFragment }) {
  const { step, label, hint } = STATES[video.state];
  const taskId = video.sourceTaskId ?? '';
  const [source] = useQuery({ query: VideoDocument, variables: { taskId }, pause: !taskId });
  const backdrop = source.data?.video?.coverUrl;
  const elapsed = toElapsed(useNow(true), video.createdAt);
  return (
    <div className="stage">
      {backdrop && <img className="backdrop" src={backdrop} alt="" />}
      <div className="progress">
        <p className="state">
          <span>{label}</span>
          {elapsed && <span>{elapsed}</span>}
        </p>
        <div
          className="bar"
          role="progressbar"
          aria-label="Progress"
          aria-valuemin={0}
          aria-valuemax={4}
          aria-valuenow={step}
          aria-valuetext={elapsed ? `${label}, ${elapsed} so far` : label}
        >
          {[1, 2, 3, 4].map((part) => (
            <span key={part} className={part <= step ? 'done' : part === step + 1 ? 'next' : ''} />
          ))}
        </div>
        <p>{hint}</p>
      </div>
    </div>
  );
}

function Failure({ failure }: { failure: NonNullable<VideoFieldsFragment['failure']> }) {
  const { title, advice } = FAILURES[failure.reason];
  return (
    <div className="stage">
      <div className="problem shown">
        <h3>{title}</h3>
        <p>
          {advice}
          {failure.retryable && ' A new try is a new task, paid anew.'}
        </p>
        <p className="quote">{failure.message}</p>
      </div>
    </div>
  );
}

/** The clocks of two machines may differ: it never runs backwards past zero. */
function toElapsed(now: number, createdAt: string | null): string | null {
  if (!createdAt) return null;
  const seconds = Math.max(0, Math.floor((now - Date.parse(createdAt)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
