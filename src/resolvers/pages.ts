/** Forward pages by a cursor, in the shape of Relay's connections. */

import { InvalidInputError } from '../errors.ts';

export const DEFAULT_PAGE = 20;
export const MAX_PAGE = 100;
/** The default length of a chain of sources. */
export const DEFAULT_DEPTH = 10;

/** @throws InvalidInputError outside 0 to 100: a silently shortened page would look like the end. */
export function toLimit(first: number | null | undefined, fallback = DEFAULT_PAGE): number {
  const limit = first ?? fallback;
  if (limit >= 0 && limit <= MAX_PAGE) return limit;
  throw new InvalidInputError([{ path: ['first'], message: `must be between 0 and ${MAX_PAGE}` }]);
}

export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/**
 * @param nodes `limit` + 1 of them when there are more.
 * @param end the end cursor for an empty page.
 */
export function toConnection<T>(
  nodes: readonly T[],
  limit: number,
  toCursor: (node: T) => string,
  end: string | null = null,
): Connection<T> {
  const edges = nodes.slice(0, limit).map((node) => ({ cursor: toCursor(node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: nodes.length > limit,
      // Relay's specification allows false here, because pages only go forward.
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? end,
    },
  };
}
