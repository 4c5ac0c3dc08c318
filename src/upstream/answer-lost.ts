/**
 * The request was sent and no readable answer came back: the upstream may have acted on it. Not an
 * error for clients: a submit turns it into OutcomeUnknownError with its video, a read into
 * UpstreamError. `cause` describes what happened instead, without secrets.
 */
export class AnswerLostError extends Error {
  override readonly cause: Error;
  /** Seconds, where a 5xx without an envelope named them. */
  readonly retryAfter: number | null;

  constructor(cause: Error, retryAfter: number | null = null) {
    super('The request was sent, and no readable answer came back.');
    this.name = 'AnswerLostError';
    this.cause = cause;
    this.retryAfter = retryAfter;
  }
}
