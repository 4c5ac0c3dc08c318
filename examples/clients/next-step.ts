/** The next step after an answer to generateVideo or extendVideo, for every client. */

import type { ExtendVideoMutation, GenerateVideoMutation } from './gql/graphql.ts';

export type NextStep =
  /** `startsAt`: it is SCHEDULED, and will probably be sent at this time. */
  | { readonly watch: string; readonly startsAt?: string }
  | { readonly fixInput: readonly { readonly path: readonly string[]; readonly message: string }[] }
  | { readonly show: string; readonly retryInSeconds: number | null };

// #region branch
export function toNextStep(
  result: ExtendVideoMutation['extendVideo'] | GenerateVideoMutation['generateVideo'],
): NextStep {
  switch (result.__typename) {
    case 'GenerateVideoSuccess':
    case 'ExtendVideoSuccess':
    // It may have been paid for: watch it, and never submit it again with another key.
    case 'OutcomeUnknownError': {
      const { id, schedule } = result.video;
      // Only with `whenBusy: QUEUE` or `notBefore`: it is not paid yet, and `withdrawVideo` can end it.
      return schedule ? { watch: id, startsAt: schedule.estimatedStartAt } : { watch: id };
    }
    case 'InvalidInputError':
      return { fixInput: result.issues };
    default: {
      // The upstream may have started the task before it answered with an error.
      if ('inDoubt' in result && result.inDoubt) return { watch: result.inDoubt.id };
      // All current and future errors are GatewayErrors.
      const { message, retryable, retryAfter } = result;
      return { show: message, retryInSeconds: retryable ? (retryAfter ?? 5) : null };
    }
  }
}
// #endregion
