import { z } from 'zod';
import { UpstreamError, type UpstreamFacts } from '../errors.ts';
import { AnswerLostError } from './answer-lost.ts';
import { ACCEPTED, CODES_AS_STATUS, mayNameRetryAfter, toGatewayError } from './codes.ts';
import type { Answer } from './exchange.ts';
import type { Redact } from './redact.ts';
import { parseRetryAfter } from './retry-after.ts';
import { capped, LooseText, parseJson, WireInt } from './wire.ts';

const MAX_MESSAGE_LENGTH = 500;

/** What every JSON answer is wrapped in. Only the code is needed to understand one. */
const Envelope = z.object({ code: WireInt, msg: LooseText, data: z.unknown().optional() });

/** Of an answer, which is asked for what it says and for its code. */
const envelopes = new WeakMap<Answer, z.infer<typeof Envelope> | undefined>();

function readEnvelope(answer: Answer): z.infer<typeof Envelope> | undefined {
  if (!envelopes.has(answer)) {
    envelopes.set(answer, Envelope.safeParse(parseJson(answer.text)).data);
  }
  return envelopes.get(answer);
}

/** What an answer is read with: the video asked about, and what hides secrets in its text. */
export interface EnvelopeContext {
  readonly taskId: string;
  readonly redact: Redact;
}

/**
 * The `data` of an answer that says 200, unchecked. The body's code wins over the HTTP status.
 *
 * @throws the GatewayError of the code; AnswerLostError when nothing readable was said.
 */
export function toData(answer: Answer, { taskId, redact }: EnvelopeContext): unknown {
  const envelope = readEnvelope(answer);
  if (envelope?.code === ACCEPTED) return envelope.data;
  if (envelope) {
    const message = envelope.msg && capped(redact(envelope.msg), MAX_MESSAGE_LENGTH);
    throw toGatewayError(envelope.code, toFacts(answer, envelope.code, message), taskId);
  }

  const facts = toFacts(answer, answer.status, null);
  if (CODES_AS_STATUS.has(answer.status)) throw toGatewayError(answer.status, facts, taskId);
  // A redirect, a proxy's refusal or a wrong path: the request was turned away, not acted upon.
  if (answer.status >= 300 && answer.status <= 499) throw new UpstreamError(facts);
  throw new AnswerLostError(
    answer.cut ?? new Error(`HTTP ${answer.status} without a readable envelope`),
    facts.retryAfter,
  );
}

/**
 * The code that `toData` goes by: the envelope's, or a status that means the same; null where nothing
 * readable was said.
 */
export function readCode(answer: Answer): number | null {
  const envelope = readEnvelope(answer);
  if (envelope) return envelope.code;
  return CODES_AS_STATUS.has(answer.status) ? answer.status : null;
}

function toFacts(answer: Answer, code: number, message: string | null): UpstreamFacts {
  return {
    upstreamCode: code,
    upstreamMessage: message,
    retryAfter: mayNameRetryAfter(code) ? parseRetryAfter(answer.retryAfter) : null,
  };
}
