/** Which media types a client's `Accept` asks for. */

/**
 * The first media type of an `Accept` that a single result can have, as Yoga chooses it: by the
 * client's order, and `application/json` for a wildcard. Null where there is none.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-Accept
 */
function chooseContentType(accept: string): string | null {
  for (const item of accept.replace(/\s/g, '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = item.split(';');
    const charset = parameters.find((parameter) => parameter.includes('charset='));
    if (charset !== undefined && charset !== 'charset=utf-8') continue;
    if (['*/*', 'application/*', '*/json', 'application/json'].includes(type)) {
      return 'application/json; charset=utf-8';
    }
    if (['application/graphql-response+json', '*/graphql-response+json'].includes(type)) {
      return 'application/graphql-response+json; charset=utf-8';
    }
  }
  return null;
}

/** Whether a request asks for server-sent events in so many words. */
export function isStream(accept: string | null | undefined): boolean {
  return (accept ?? '').toLowerCase().includes('text/event-stream');
}

export interface Acceptance {
  /** Of a single result; null where none will do. */
  readonly contentType: string | null;
  readonly isStream: boolean;
  /** Whether there is anything that both sides know. */
  readonly isAnswerable: boolean;
}

/** Few are in use, and a stranger can make up any number. */
const MOST_KNOWN = 100;

export function createAcceptances(): (accept: string | undefined) => Acceptance {
  const known = new Map<string, Acceptance>();
  return (accept) => {
    const text = accept || '*/*';
    let acceptance = known.get(text);
    if (!acceptance) {
      const contentType = chooseContentType(text);
      const streams = isStream(text);
      const isMultipart = text.toLowerCase().includes('multipart/mixed');
      const isAnswerable = contentType !== null || streams || isMultipart;
      acceptance = { contentType, isStream: streams, isAnswerable };
      if (known.size < MOST_KNOWN) known.set(text, acceptance);
    }
    return acceptance;
  };
}
