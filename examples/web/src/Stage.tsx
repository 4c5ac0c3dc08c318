import { useState } from 'react';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { Progress } from './Progress.tsx';
import { FAILURES, isEnded, NEVER_PAID } from './words.ts';

/** The main area: the film, its progress, or why it failed. */
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
  if (video.state === 'WITHDRAWN') {
    return (
      <div className="stage">
        <p>It was withdrawn before it was sent. Nothing was paid.</p>
      </div>
    );
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
  const { poster, onLength } = props;
  // A copy has another address, and a signed one changes: neither may interrupt a film that plays.
  const [src, setSrc] = useState(props.src);
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
          onError={() => (src === props.src ? setBroken(true) : setSrc(props.src))}
        />
      )}
    </div>
  );
}

function Failure({ failure }: { failure: NonNullable<VideoFieldsFragment['failure']> }) {
  const { title, advice, paid } = FAILURES[failure.reason];
  return (
    <div className="stage">
      <div className="problem shown">
        <h3>{title}</h3>
        <p>{paid}</p>
        <p>
          {advice}
          {failure.retryable && paid !== NEVER_PAID && ' A new attempt is paid again.'}
        </p>
        <p className="quote">{failure.message}</p>
      </div>
    </div>
  );
}
