/**
 * Stops asking an upstream that is down. A library's breaker would wrap the call; this one is asked
 * before a row is made for it, and answers with the error that opened it.
 */

import {
  type GatewayError,
  InsufficientCreditsError,
  UpstreamMaintenanceError,
  UpstreamUnreachableError,
} from '../errors.ts';
import { AnswerLostError } from '../upstream/answer-lost.ts';

/** So many outages in a row open it. */
const FAILURES = 5;
const OPEN_MS = 10_000;
/**
 * One answer that the account has no credits opens it, for longer each time that this is said again:
 * credits come back only when somebody acts.
 */
const CREDIT_PAUSES_MS = [60_000, 120_000, 300_000, 600_000] as const;

export interface Breaker {
  /** Why nothing is sent now; null: it may be tried. */
  findRefusal(): GatewayError | null;
  /** The same on the point of sending: when the time is over, one alone is let through to try. */
  enter(): GatewayError | null;
  /** How a call ended: undefined is well. */
  record(error?: unknown): void;
}

export const NO_BREAKER: Breaker = {
  findRefusal: () => null,
  enter: () => null,
  record: () => {},
};

/**
 * @param options.now does not go back when the clock is set back.
 * @param options.onOpen called with what is answered from then on, also when it opens once more.
 */
export function createBreaker({
  now = () => performance.now(),
  onOpen = () => {},
}: {
  readonly now?: () => number;
  readonly onOpen?: (refusal: GatewayError) => void;
} = {}): Breaker {
  let failures = 0;
  let openUntil = 0;
  let cause: unknown;
  /** Whether the one that was let through has not come back yet. */
  let isTrying = false;
  let creditPauses = 0;

  function findRefusal(): GatewayError | null {
    const waitMs = openUntil - now();
    if (failures < FAILURES || waitMs <= 0) return null;
    return toRefusal(cause, Math.ceil(waitMs / 1_000));
  }

  function openForCredits(error: InsufficientCreditsError): void {
    failures = FAILURES;
    cause = error;
    openUntil = now() + (CREDIT_PAUSES_MS[creditPauses] ?? CREDIT_PAUSES_MS[3]);
    creditPauses += 1;
  }

  function learn(error: unknown, hasTried: boolean): void {
    if (error instanceof InsufficientCreditsError) {
      // Of several calls that were under way together, the first one counts.
      if (hasTried || !findRefusal()) openForCredits(error);
      return;
    }
    creditPauses = 0;
    if (!isOutage(error)) {
      failures = 0;
      return;
    }
    failures += 1;
    cause = error;
    const { retryAfter } = error;
    openUntil = now() + Math.max(OPEN_MS, (retryAfter ?? 0) * 1_000);
  }

  return {
    findRefusal,
    enter() {
      const refusal = findRefusal();
      // The others go on being refused until the one that tries has come back.
      if (!refusal && failures >= FAILURES) {
        openUntil = now() + OPEN_MS;
        isTrying = true;
      }
      return refusal;
    },
    record(error) {
      const hasTried = isTrying;
      const wasOpen = findRefusal() !== null && !hasTried;
      isTrying = false;
      learn(error, hasTried);
      const refusal = findRefusal();
      if (refusal && !wasOpen) onOpen(refusal);
    },
  };
}

type Outage = UpstreamMaintenanceError | UpstreamUnreachableError | AnswerLostError;

/** Any other answer, a refusal too, shows that the upstream is there. */
function isOutage(error: unknown): error is Outage {
  return (
    error instanceof UpstreamMaintenanceError ||
    error instanceof UpstreamUnreachableError ||
    error instanceof AnswerLostError
  );
}

function toRefusal(cause: unknown, retryAfter: number): GatewayError {
  if (cause instanceof UpstreamMaintenanceError) {
    const { upstreamCode, upstreamMessage } = cause;
    return new UpstreamMaintenanceError({ upstreamCode, upstreamMessage, retryAfter });
  }
  if (cause instanceof InsufficientCreditsError) {
    const { upstreamCode, upstreamMessage } = cause;
    return new InsufficientCreditsError({ upstreamCode, upstreamMessage, retryAfter });
  }
  // Answers that were lost, one after another: this time nothing was sent.
  return new UpstreamUnreachableError({ cause, retryAfter });
}
