import { GraphQLError } from 'graphql';
import { toHttpUrl } from '../video.ts';
import { builder } from './builder.ts';
import { toDateTime } from './date-time.ts';

/** Requires a time and an offset (RFC 3339), because `Date.parse` also accepts many other forms. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

builder.scalarType('DateTime', {
  description: 'A moment in UTC: `2026-01-31T12:00:00.000Z` (RFC 3339).',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
  serialize: toDateTime,
  parseValue: (value) => {
    const time = typeof value === 'string' && RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(time))
      throw new GraphQLError('A DateTime is a string in the form of RFC 3339.');
    return time;
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
