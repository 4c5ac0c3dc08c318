import { z } from 'zod';
import { UpstreamError, type UpstreamFacts } from '../errors.ts';
import { AnswerInDoubtError } from './answer-in-doubt.ts';
import { AnswerLostError } from './answer-lost.ts';
import {
  ACCEPTED,
  CODES_AS_STATUS,
  mayNameRetryAfter,
  toReadError,
  toRefusal,
  toRefusalByStatus,
} from './codes.ts';
import type { Answer } from './exchange.ts';
import type { Redact } from './redact.ts';
import { parseRetryAfter } from './retry-after.ts';
import { capped, LooseText, parseJson, WireInt } from './wire.ts';

const MAX_MESSAGE_LENGTH = 500;

/** The wrapper of every JSON answer. Only the code is required. */
const Envelope = z.object({ code: WireInt, msg: LooseText, data: z.unknown().optional() });

/** The code and data of an answer. */
const envelopes = new WeakMap<Answer, z.infer<typeof Envelope> | undefined>();

function readEnvelope(answer: Answer): z.infer<typeof Envelope> | undefined {
  if (!envelopes.has(answer)) {
    envelopes.set(answer, Envelope.safeParse(parseJson(answer.text)).data);
  }
  return envelopes.get(answer);
}

/** Context for reading an answer: the requested video, and the redaction of secrets. */
export interface EnvelopeContext {
  /** Null: the request named no video. */
  readonly taskId: string | null;
  readonly redact: Redact;
}

/**
 * The unvalidated `data` of an accepted submit. A code in the envelope takes precedence over the HTTP
 * status. A truncated answer counts only as an acceptance or a 429: the rest of its envelope is unknown.
 *
 * @throws GatewayError: nothing was started. AnswerInDoubtError or AnswerLostError: it may have been.
 */
export function toSubmitData(answer: Answer, { taskId, redact }: EnvelopeContext): unknown {
  const envelope = readEnvelope(answer);
  if (envelope?.code === ACCEPTED) return envelope.data;

  const isBelieved = answer.cut === null || (answer.status === 429 && !envelope);
  if (!isBelieved) throw toLost(answer);
  if (envelope) {
    const facts = toFacts(answer, envelope, redact);
    // Retrying later would not help.
    throw (
      toRefusal(envelope.code, facts, taskId) ??
      new AnswerInDoubtError({ ...facts, retryAfter: null })
    );
  }
  throw toRefusalByStatus(answer.status, toStatusFacts(answer), taskId) ?? toLost(answer);
}

/**
 * The unvalidated `data` of a read with code 200. A code in the envelope takes precedence over the HTTP
 * status.
 *
 * @throws the GatewayError of the code; AnswerLostError when the answer is unreadable.
 */
export function toReadData(answer: Answer, { taskId, redact }: EnvelopeContext): unknown {
  const envelope = readEnvelope(answer);
  if (envelope?.code === ACCEPTED) return envelope.data;
  if (envelope) throw toReadError(envelope.code, toFacts(answer, envelope, redact), taskId);

  const { status } = answer;
  const facts = toStatusFacts(answer);
  if (CODES_AS_STATUS.has(status)) throw toReadError(status, facts, taskId);
  // A redirect, a proxy's refusal or a wrong path.
  if (status >= 300 && status <= 499) throw new UpstreamError(facts);
  throw toLost(answer);
}

function toLost(answer: Answer): AnswerLostError {
  return new AnswerLostError(
    answer.cut ?? new Error(`HTTP ${answer.status} without a readable envelope`),
    toStatusFacts(answer).retryAfter,
  );
}

/**
 * The code of an answer: the envelope's, or an HTTP status with the same meaning; null when the answer is
 * unreadable.
 */
export function readCode(answer: Answer): number | null {
  const envelope = readEnvelope(answer);
  if (envelope) return envelope.code;
  return CODES_AS_STATUS.has(answer.status) ? answer.status : null;
}

function toFacts(
  answer: Answer,
  { code, msg }: z.infer<typeof Envelope>,
  redact: Redact,
): UpstreamFacts {
  return {
    upstreamCode: code,
    upstreamMessage: msg && capped(redact(msg), MAX_MESSAGE_LENGTH),
    retryAfter: toRetryAfter(answer, code),
  };
}

function toStatusFacts(answer: Answer): UpstreamFacts {
  const { status } = answer;
  return {
    upstreamCode: status,
    upstreamMessage: null,
    retryAfter: toRetryAfter(answer, status),
  };
}

function toRetryAfter(answer: Answer, code: number): number | null {
  return mayNameRetryAfter(code) ? parseRetryAfter(answer.retryAfter) : null;
}
