/**
 * Circuit breaker: stops sending to an upstream that is down. It is checked before a row is created,
 * which a library that wraps the call could not do, and refuses with the error that opened it.
 */

import {
  type GatewayError,
  InsufficientCreditsError,
  UpstreamMaintenanceError,
  UpstreamUnreachableError,
} from '../errors.ts';
import { AnswerLostError } from '../upstream/answer-lost.ts';

/** How many consecutive outages open it. */
const FAILURES = 5;
const OPEN_MS = 10_000;
/**
 * A single answer about missing credits opens it, for longer each time: credits return only when somebody
 * buys them.
 */
const CREDIT_PAUSES_MS = [60_000, 120_000, 300_000, 600_000] as const;

export interface Breaker {
  /** Why nothing is sent now; null when it may be sent. */
  findRefusal(): GatewayError | null;
  /** The same just before sending: after the pause it lets one trial call through. */
  enter(): GatewayError | null;
  /** Records the outcome of a call; undefined is success. */
  record(error?: unknown): void;
}

export const NO_BREAKER: Breaker = {
  findRefusal: () => null,
  enter: () => null,
  record: () => {},
};

/**
 * @param options.now a monotonic clock, in milliseconds.
 * @param options.onOpen called with the refusal whenever it opens or reopens.
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
  /** Whether the trial call is in flight. */
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

  function applyOutcome(error: unknown, wasTrial: boolean): void {
    if (error instanceof InsufficientCreditsError) {
      // Of several calls in flight, the first one counts.
      if (wasTrial || !findRefusal()) openForCredits(error);
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
      // All other submits are refused until the trial call has ended.
      if (!refusal && failures >= FAILURES) {
        openUntil = now() + OPEN_MS;
        isTrying = true;
      }
      return refusal;
    },
    record(error) {
      const wasTrial = isTrying;
      const wasOpen = findRefusal() !== null && !wasTrial;
      isTrying = false;
      applyOutcome(error, wasTrial);
      const refusal = findRefusal();
      if (refusal && !wasOpen) onOpen(refusal);
    },
  };
}

type Outage = UpstreamMaintenanceError | UpstreamUnreachableError | AnswerLostError;

/** Any other answer, refusals included, shows that the upstream is up. */
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
  // It was opened by lost answers; for this submit nothing was sent.
  return new UpstreamUnreachableError({ cause, retryAfter });
}
