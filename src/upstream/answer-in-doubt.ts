import type { UpstreamFacts } from '../errors.ts';

/**
 * The upstream answered a submit with an error code that does not assert a refusal: it may have
 * started the task. Not an error for clients: the submitter turns it into UpstreamError with the
 * video.
 */
export class AnswerInDoubtError extends Error {
  readonly facts: UpstreamFacts;

  constructor(facts: UpstreamFacts) {
    super(
      `The upstream answered with code ${facts.upstreamCode}, which does not assert a refusal.`,
    );
    this.name = 'AnswerInDoubtError';
    this.facts = facts;
  }
}
