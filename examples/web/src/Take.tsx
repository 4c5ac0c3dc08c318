import { useEffect, useRef, useState } from 'react';
import { useQuery, useSubscription } from 'urql';
import { Chain } from './Chain.tsx';
import { Composer } from './Composer.tsx';
import { useConnection } from './connection.ts';
import { Facts } from './Facts.tsx';
import { toShort } from './format.ts';
import { VideoDocument, VideoUpdatedDocument } from './gql/graphql.ts';
import { toHref, useFocusOnArrival } from './hooks.ts';
import { changeTitle } from './page-title.ts';
import { Stage } from './Stage.tsx';
import type { Submit } from './submit.ts';
import { Title } from './Title.tsx';
import { isEnded, isLost, STATES } from './words.ts';

/** How often the page asks whether a copy has been made, of which no event tells. */
const KEPT_AFTER_MS = 3_000;

/** One video with its chain of sources and the form for its extension. */
export function Take({ id, submit }: { id: string; submit: Submit }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const connection = useConnection();
  const [seconds, setSeconds] = useState<number | null>(null);
  const [{ data, error, fetching }, read] = useQuery({
    query: VideoDocument,
    variables: { taskId: id },
    requestPolicy: 'cache-and-network',
  });
  const video = data?.video;
  // Its events update the cache, and so `video`.
  useSubscription({
    query: VideoUpdatedDocument,
    variables: { taskId: id },
    pause: !video || isEnded(video.state),
  });

  useFocusOnArrival(heading);
  const isMissing = Boolean(error) && !video;
  useEffect(() => {
    if (isMissing && connection === 'open') read({ requestPolicy: 'network-only' });
  }, [isMissing, connection, read]);

  const isBeingKept = video?.kept?.state === 'PENDING';
  useEffect(() => {
    if (!isBeingKept || fetching) return;
    const timer = setTimeout(() => read({ requestPolicy: 'network-only' }), KEPT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isBeingKept, fetching, read]);

  const title = video ? video.prompt || 'Untitled' : fetching ? 'One moment…' : 'Not available';

  const label = video && STATES[video.state].label;
  useEffect(() => {
    changeTitle({ page: label ? `${label}: ${toShort(title, 40)}` : '' });
    return () => changeTitle({ page: '' });
  }, [label, title]);

  return (
    <>
      <section className="take" aria-label={toShort(title, 80)}>
        <Title text={title} heading={heading} />
        <p className="unseen" role="status">
          {label}
        </p>
        {video && <Stage video={video} onLength={setSeconds} />}
        {video && <Facts video={video} seconds={seconds} />}
        {!video && !fetching && (
          <div className="problem" role="alert">
            <h3>{error ? 'This video could not be read' : 'This video is unknown here'}</h3>
            <p>
              {error
                ? (error.graphQLErrors[0]?.message ??
                  'It is tried again when the connection is back.')
                : 'It may be deleted or belong to another user. Check its task id, or choose another one.'}
            </p>
            <a href="#/">Make a video instead</a>
          </div>
        )}
        {video?.sequence && (
          <p>
            <a href={toHref(video.sequence.id)}>Part of a long film: see all of it</a>
          </p>
        )}
        {video && <Chain video={video} />}
      </section>
      {video && (
        <Composer key={`${video.id} ${isLost(video.state)}`} video={video} submit={submit} />
      )}
    </>
  );
}
