import { useEffect, useRef } from 'react';
import { useQuery, useSubscription } from 'urql';
import { useConnection } from './connection.ts';
import { Frame } from './Frame.tsx';
import { countReady, type FilmFields, findShown, toFilmTitle, toName, toParts } from './film.ts';
import { toDate, toMoment, toShort } from './format.ts';
import { SequenceDocument, SequenceUpdatedDocument, VideoUpdatedDocument } from './gql/graphql.ts';
import { toStoryboardHref, useFocusOnArrival } from './hooks.ts';
import { Mend } from './Mend.tsx';
import { changeTitle } from './page-title.ts';
import { Stage } from './Stage.tsx';
import { Stop } from './Stop.tsx';
import type { Submit } from './submit.ts';
import { Title } from './Title.tsx';
import { FILM_STATES, isEnded, isOver } from './words.ts';

/** Pixels between the edge of the strip and the video on the screen. */
const MARGIN = 16;

/** A long film: how far it is, its strip, and what to do about it. */
export function Film({ id, submit }: { id: string; submit: Submit }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const connection = useConnection();
  const [{ data, error, fetching }, read] = useQuery({
    query: SequenceDocument,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });
  const film = data?.sequence;
  const part = film && findShown(film);
  const open = part?.video && !isEnded(part.video.state) ? part.video : null;
  // Their events update the cache, and so `film`.
  useSubscription({
    query: SequenceUpdatedDocument,
    variables: { id },
    pause: !film || isOver(film.state),
  });
  // The place in the queue; and the end of a shot that was sent before the film was stopped.
  useSubscription({
    query: VideoUpdatedDocument,
    variables: { taskId: open?.id ?? '' },
    pause: !open,
  });
  useFocusOnArrival(heading);
  // With a new state other buttons are there, and the one that had the focus may be gone.
  const state = film?.state;
  useEffect(() => {
    const isLost = document.activeElement === document.body;
    if (state && isLost) heading.current?.focus({ preventScroll: true });
  }, [state]);
  const isMissing = Boolean(error) && !film;
  useEffect(() => {
    if (isMissing && connection === 'open') read({ requestPolicy: 'network-only' });
  }, [isMissing, connection, read]);

  const title = film ? toFilmTitle(film) : fetching ? 'One moment…' : 'Not available';
  const progress = film ? toProgress(film) : '';
  useEffect(() => {
    changeTitle({ page: progress ? `${progress}: ${toShort(title, 40)}` : '' });
    return () => changeTitle({ page: '' });
  }, [progress, title]);

  return (
    <>
      <section className="take" aria-label={toShort(title, 80)}>
        <Title text={title} heading={heading} />
        <p className="film-state" role="status">
          {progress}
        </p>
        {film && <Strip film={film} shown={part?.number} />}
        {part?.video && (
          <>
            <h3>
              {toName(part.number)}: {part.prompt || 'Untitled'}
            </h3>
            <Stage key={part.video.id} video={part.video} onLength={() => {}} />
          </>
        )}
        {!film && !fetching && (
          <div className="problem" role="alert">
            <h3>{error ? 'This film could not be read' : 'This film is unknown here'}</h3>
            <p>
              {error
                ? 'It is tried again when the connection is back.'
                : 'It may be deleted or belong to another user.'}
            </p>
            <a href={toStoryboardHref()}>Make a long film instead</a>
          </div>
        )}
      </section>
      {film && <Side film={film} submit={submit} onStopped={() => heading.current?.focus()} />}
    </>
  );
}

function Side(props: { film: FilmFields; submit: Submit; onStopped: () => void }) {
  const { film, submit, onStopped } = props;
  const { state, estimatedFinishAt, createdAt } = film;
  const last = toParts(film).findLast(({ video }) => video?.state === 'SUCCEEDED')?.video;
  return (
    <div className="side">
      {state === 'PAUSED' && <Mend key={film.problem?.video?.id} film={film} submit={submit} />}
      <section className="composer" aria-labelledby="about-film">
        <h2 id="about-film">{FILM_STATES[state].label}</h2>
        <p>{FILM_STATES[state].hint}</p>
        {estimatedFinishAt && Date.parse(estimatedFinishAt) > Date.now() && (
          <p>Ready at about {toMoment(estimatedFinishAt)}.</p>
        )}
        <p className="soft">
          Begun <time dateTime={createdAt}>{toDate(createdAt)}</time>
        </p>
        {!isOver(state) && <Stop id={film.id} onStopped={onStopped} />}
        {isOver(state) && last && (
          <a className="button" href={toStoryboardHref(last.taskId ?? last.id)}>
            Go on from its last shot
          </a>
        )}
      </section>
    </div>
  );
}

/** Its videos in order; those that are not made yet have an empty place. */
function Strip({ film, shown }: { film: FilmFields; shown: number | undefined }) {
  const strip = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one is on the screen
  useEffect(() => {
    const place = strip.current?.querySelector('[aria-current]')?.getBoundingClientRect();
    const edge = strip.current?.getBoundingClientRect();
    if (place && edge) strip.current?.scrollBy({ left: place.left - edge.left - MARGIN });
  }, [shown]);
  return (
    <nav className="chain" aria-label="The film, shot by shot" ref={strip}>
      <ol>
        {toParts(film).map(({ number, prompt, video }) => (
          <li key={number}>
            {video ? (
              <Frame video={video} isCurrent={number === shown} />
            ) : (
              <span className="frame">
                <span className="still empty">
                  <span>{number === 0 ? 'Somewhere else' : number}</span>
                </span>
                <span className="title">{prompt}</span>
                {number > 0 && <span className="when">Not begun</span>}
              </span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** `In progress, 1 of 3 shots ready`. */
function toProgress(film: FilmFields): string {
  const { length } = film.shots;
  const shots = length === 1 ? 'shot' : 'shots';
  return `${FILM_STATES[film.state].label}, ${countReady(film)} of ${length} ${shots} ready`;
}
