/** The user's videos, newest first, page by page. */

import type { CombinedError } from '@urql/core';
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { useConnection } from './connection.ts';
import {
  type VideoFieldsFragment,
  type VideoState,
  VideosDocument,
  type VideosQuery,
} from './gql/graphql.ts';
import { useListVersion } from './lists.ts';

const PAGE_SIZE = 48;

export interface Pages {
  /** Null until the first page has been read. */
  readonly videos: readonly VideoFieldsFragment[] | null;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly error: CombinedError | null;
  readMore(): void;
}

/**
 * Every page is a query of its own and follows the cache, so that the list shows each change of state. A
 * new video shifts the end of the first page, and with it the start of the next one.
 *
 * @param states filters by state. Default: all.
 */
export function usePages(states?: readonly VideoState[]): Pages {
  const client = useClient();
  const connection = useConnection();
  const [wanted, setWanted] = useState(1);
  const version = useListVersion();
  const [attempt, setAttempt] = useState(0);
  const [pages, setPages] = useState<readonly VideosQuery['videos'][]>([]);
  const [error, setError] = useState<CombinedError | null>(null);

  const ends = pages.slice(0, wanted - 1).map(({ pageInfo }) => pageInfo.endCursor);
  const places = JSON.stringify([null, ...ends]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt and a new version are reasons to read again
  useEffect(() => {
    const cursors: (string | null)[] = JSON.parse(places);
    const subscriptions = cursors.map((after, index) =>
      client
        .query(
          VideosDocument,
          { first: PAGE_SIZE, after, states: states ? [...states] : null },
          { requestPolicy: index === 0 || version > 0 ? 'cache-and-network' : 'cache-first' },
        )
        .subscribe((result) => {
          setError(result.error ?? null);
          const page = result.data?.videos;
          if (page) setPages((all) => [...all.slice(0, index), page, ...all.slice(index + 1)]);
        }),
    );
    return () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
  }, [client, places, states, attempt, version]);

  const hasFailed = error !== null;
  useEffect(() => {
    // After a lost connection, too: completions may have been missed.
    if (connection === 'open' || (hasFailed && navigator.onLine)) setAttempt((last) => last + 1);
  }, [hasFailed, connection]);

  const shown = pages.slice(0, wanted);
  // While a page is read again, the next one may still begin at its old end.
  const byId = new Map(
    shown.flatMap(({ edges }) => edges.map(({ node }) => [node.id, node] as const)),
  );
  return {
    videos: pages.length > 0 ? [...byId.values()].filter(isIn(states)) : null,
    hasMore: shown.at(-1)?.pageInfo.hasNextPage ?? false,
    isReading: shown.length < wanted && !hasFailed,
    error,
    readMore: () => setWanted(shown.length + 1),
  };
}

/** A video leaves a list of states as soon as its state changes, before the list is read again. */
const isIn =
  (states?: readonly VideoState[]) =>
  ({ state }: VideoFieldsFragment) =>
    !states || states.includes(state);
