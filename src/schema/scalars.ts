import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { toHttpUrl } from '../video.ts';
import { builder } from './builder.ts';
import { toDateTime } from './date-time.ts';

/**
 * RFC 3339, 5.6 and 5.7, without leap seconds, for which there is no epoch time. `Date.parse` also accepts other
 * forms, and it turns 30 February into 2 March.
 */
const Rfc3339 = z.iso.datetime({ offset: true });

builder.scalarType('DateTime', {
  description:
    'A moment in UTC: `2026-01-31T12:00:00.000Z` (RFC 3339). The day must exist; leap seconds (`:60`) are refused.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
  serialize: toDateTime,
  parseValue: (value) => {
    // RFC 3339 also allows `t` and `z`.
    const text = typeof value === 'string' ? value.toUpperCase() : '';
    if (!Rfc3339.safeParse(text).success)
      throw new GraphQLError(
        'A DateTime is a string in the form of RFC 3339, with a day and a time that exist.',
      );
    return Date.parse(text);
  },
});

builder.scalarType('URL', {
  description: 'An absolute http(s) address.',
  specifiedByURL: 'https://url.spec.whatwg.org/',
  serialize: (value) => value,
  parseValue: (value) => {
    const url = typeof value === 'string' ? toHttpUrl(value) : null;
    if (url === null) throw new GraphQLError('A URL is an absolute http(s) address.');
    return url;
  },
});
