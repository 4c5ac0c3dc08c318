/** Chooses media types by a client's `Accept` (RFC 9110, 12.5.1). */

const JSON_TYPE = 'application/json';
const RESPONSE_TYPE = 'application/graphql-response+json';
const STREAM_TYPE = 'text/event-stream';
const PARTS_TYPE = 'multipart/mixed';
const PAGE_TYPE = 'text/html';

export interface Acceptance {
  /** Of a single result; null when the client accepts none. */
  readonly contentType: string | null;
  /** Whether the client accepts server-sent events by name; a wildcard is not enough. */
  readonly isStream: boolean;
  /** Whether the client prefers a web page to a result, as browsers do. */
  readonly isPage: boolean;
  /** Whether the client accepts any media type that the gateway can send. */
  readonly isAnswerable: boolean;
  /** An `Accept` for Yoga, which ignores quality values: the preferred type first. */
  readonly header: string;
}

/** A media range and its quality value. */
interface Range {
  readonly type: string;
  readonly subtype: string;
  /** From 0 (not acceptable) to 1. */
  readonly quality: number;
  /** Position in the header. Of two ranges with equal quality the first is preferred. */
  readonly place: number;
}

/** Cache entries. Few different headers are in use, but clients may send any number. */
const MAX_KNOWN = 100;

export function createAcceptances(): (accept: string | undefined) => Acceptance {
  const known = new Map<string, Acceptance>();
  return (accept) => {
    const text = accept || '*/*';
    let acceptance = known.get(text);
    if (!acceptance) {
      acceptance = toAcceptance(text);
      if (known.size < MAX_KNOWN) known.set(text, acceptance);
    }
    return acceptance;
  };
}

function toAcceptance(accept: string): Acceptance {
  const ranges = parseAccept(accept);
  const named = ranges.filter((range) => countWildcards(range) === 0);
  // When one range matches both, choose JSON, which every client reads.
  const single = [JSON_TYPE, RESPONSE_TYPE]
    .map((type) => ({ type, range: findRange(ranges, type) }))
    .filter(({ range }) => isWanted(range))
    .sort((a, b) => compare(a.range, b.range))[0];
  const page = findRange(named, PAGE_TYPE);
  const isStream = isWanted(findRange(named, STREAM_TYPE));
  const isParts = isWanted(findRange(named, PARTS_TYPE));
  const types = [single?.type, isStream && STREAM_TYPE, isParts && PARTS_TYPE].filter(Boolean);
  return {
    contentType: single ? `${single.type}; charset=utf-8` : null,
    isStream,
    isPage: isWanted(page) && compare(page, single?.range) < 0,
    isAnswerable: types.length > 0,
    header: types.join(', '),
  };
}

function parseAccept(accept: string): Range[] {
  const items = accept.replace(/\s/g, '').toLowerCase().split(',');
  return items.flatMap((item, place) => {
    const [range = '', ...parameters] = item.split(';');
    const [type = '', subtype = ''] = range.split('/');
    const charset = findParameter(parameters, 'charset');
    if (charset !== undefined && charset.replaceAll('"', '') !== 'utf-8') return [];
    return [{ type, subtype, quality: toQuality(findParameter(parameters, 'q')), place }];
  });
}

function findParameter(parameters: readonly string[], name: string): string | undefined {
  return parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** A value that is not a number counts as unset. */
function toQuality(text: string | undefined): number {
  const quality = Number.parseFloat(text ?? '');
  return Number.isNaN(quality) ? 1 : Math.min(Math.max(quality, 0), 1);
}

/** The most specific range that matches the media type. */
function findRange(ranges: readonly Range[], mediaType: string): Range | undefined {
  const [type, subtype] = mediaType.split('/');
  return ranges
    .filter((range) => range.type === type || range.type === '*')
    .filter((range) => range.subtype === subtype || range.subtype === '*')
    .sort((a, b) => countWildcards(a) - countWildcards(b))[0];
}

function countWildcards({ type, subtype }: Range): number {
  return Number(type === '*') + Number(subtype === '*');
}

function isWanted(range: Range | undefined): boolean {
  return range !== undefined && range.quality > 0;
}

/** Negative when the client prefers `a`. */
function compare(a: Range | undefined, b: Range | undefined): number {
  if (!a || !b) return Number(!a) - Number(!b);
  return b.quality - a.quality || a.place - b.place;
}
