import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { useConnection } from './connection.ts';
import { countReady, toFilmTitle } from './film.ts';
import { toBrief } from './format.ts';
import { SequencesDocument, type SequencesQuery } from './gql/graphql.ts';
import { toHref } from './hooks.ts';
import { useListVersion } from './lists.ts';
import { FILM_STATES } from './words.ts';

const PAGE_SIZE = 12;
/** The gateway's limit for a page. */
const MAX = 100;

/** The user's long films, newest first. */
export function Films({ selected }: { selected: string | null }) {
  const connection = useConnection();
  const version = useListVersion();
  const [first, setFirst] = useState(PAGE_SIZE);
  const [{ data, fetching }, read] = useQuery({
    query: SequencesDocument,
    variables: { first },
    requestPolicy: 'cache-and-network',
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is a reason to read again
  useEffect(() => {
    if (connection === 'open') read({ requestPolicy: 'network-only' });
  }, [connection, version, read]);

  const films = data?.sequences;
  if (!films || films.edges.length === 0) return null;
  return (
    <section className="library" aria-labelledby="films">
      <h2 id="films">Your long films</h2>
      <ul className="grid">
        {films.edges.map(({ node }) => (
          <li key={node.id}>
            <FilmFrame film={node} isCurrent={node.id === selected} />
          </li>
        ))}
      </ul>
      {films.pageInfo.hasNextPage && first < MAX && (
        <button
          type="button"
          className="quiet more"
          aria-disabled={fetching}
          onClick={() => setFirst(Math.min(MAX, first + PAGE_SIZE))}
        >
          Show more films
        </button>
      )}
    </section>
  );
}

type FilmNode = SequencesQuery['sequences']['edges'][number]['node'];

function FilmFrame({ film, isCurrent }: { film: FilmNode; isCurrent: boolean }) {
  const { id, state, shots, createdAt } = film;
  const { label } = FILM_STATES[state];
  const cover = shots.findLast(({ video }) => video?.coverUrl)?.video?.coverUrl;
  return (
    <a className="frame" href={toHref(id)} aria-current={isCurrent ? 'true' : undefined}>
      <span className="still">
        {cover ? <img src={cover} alt="" loading="lazy" /> : <span>{label}</span>}
      </span>
      <span className="title">{toFilmTitle(film)}</span>
      <span className="when">
        {label} · {countReady(film)} of {shots.length} ·{' '}
        <time dateTime={createdAt}>{toBrief(createdAt)}</time>
      </span>
    </a>
  );
}
