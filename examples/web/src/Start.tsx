import { useQuery } from 'urql';
import { VideosDocument } from './gql/graphql.ts';
import { SANDBOX_ORIGINAL, toHref, toStoryboardHref } from './hooks.ts';
import { Maker } from './Maker.tsx';
import type { Submit } from './submit.ts';

/** The first page: an invitation to make a video from nothing. */
export function Start({ submit }: { submit: Submit }) {
  const [{ data }] = useQuery({
    query: VideosDocument,
    variables: { first: 1 },
    requestPolicy: 'cache-and-network',
  });
  const isFirst = data?.videos.edges.length === 0;
  return (
    <>
      <section className="start" aria-labelledby="start">
        <h2 id="start">{isFirst ? 'Make your first video' : 'Make a new video'}</h2>
        <p>
          Say what it should show, and choose its shape and its length. A few minutes later it is
          here; then say what happens next, and it goes on from its last frame.
        </p>
        <p>
          <a href={toStoryboardHref()}>Make a long film instead, shot by shot</a>
        </p>
        {SANDBOX_ORIGINAL && (
          <a className="button" href={toHref(SANDBOX_ORIGINAL)}>
            Extend the sandbox’s original
          </a>
        )}
      </section>
      <Maker title="What should it show?" action="Make it" submit={submit} />
    </>
  );
}
