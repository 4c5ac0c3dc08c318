/** `POST /callbacks/…`: the internal endpoint to which the upstream reports the end of a task. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BodyTooLargeError, ContentCodingError, decodeText, decompress } from '../decode-body.ts';
import { GatewayUnavailableError } from '../errors.ts';
import { readBody } from '../read-body.ts';
import { within } from '../within.ts';
import { acceptCallback, type CallbackParts, NO_SUCH_URL, type Verdict } from './accept.ts';
import { parseCallbackPath } from './callback-url.ts';

const BODY_LIMIT = 64 * 1024;
/** The upstream waits 15 s for the response and otherwise retries minutes later. */
const ANSWER_WITHIN_MS = 4_500;

const UNAVAILABLE: Verdict = {
  status: 503,
  message: 'cannot be stored now, send it again',
  outcome: 'unavailable',
};

const TOO_LARGE: Verdict = {
  status: 413,
  message: 'the body is over 64 KiB',
  outcome: 'too_large',
};

export function createCallbackHandler(parts: CallbackParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const verdict = await judge(parts, request, response.getHeader('x-request-id'));
    parts.metrics.callback(verdict.outcome);
    if (verdict.status === 413) response.setHeader('connection', 'close');
    if (verdict.status === 405) response.setHeader('allow', 'POST');
    response.writeHead(verdict.status, { 'content-type': 'application/json' });
    // The response format that the upstream expects (reference, callback responses).
    response.end(JSON.stringify({ code: verdict.status, msg: verdict.message }));
  };
}

async function judge(
  parts: CallbackParts,
  request: IncomingMessage,
  req: unknown,
): Promise<Verdict> {
  const { log } = parts;
  const address = parseCallbackPath(request.url ?? '');
  if (!address) return NO_SUCH_URL;
  if (request.method !== 'POST') {
    return { status: 405, message: 'POST only', outcome: 'not_post' };
  }

  let body: Buffer | null;
  try {
    body = await readBody(request, BODY_LIMIT);
  } catch {
    return { status: 400, message: 'the body was cut off', outcome: 'cut_off' };
  }
  if (body === null) return TOO_LARGE;

  let text: string;
  try {
    const bytes = decompress(body, request.headers['content-encoding'], BODY_LIMIT);
    text = decodeText(bytes, request.headers['content-type']);
  } catch (error) {
    if (error instanceof BodyTooLargeError) return TOO_LARGE;
    if (!(error instanceof ContentCodingError)) throw error;
    return { status: 400, message: error.message, outcome: 'not_a_callback' };
  }
  const work: Promise<Verdict> = acceptCallback(parts, address, text, request).catch(
    (error: unknown) => {
      log.error({ req, video: address.id, err: error }, 'a callback could not be stored');
      return error instanceof GatewayUnavailableError
        ? UNAVAILABLE
        : { status: 500, message: 'internal error', outcome: 'error' };
    },
  );
  const verdict = await within(ANSWER_WITHIN_MS, work, UNAVAILABLE);
  // Notify subscribers before answering the upstream; its timeout is 15 s.
  await nextTurn();
  const { status, outcome, facts } = verdict;
  log.info({ req, video: address.id, ...facts, status, outcome }, 'callback');
  return verdict;
}
