/** What follows from an answer to extendVideo, the same with every client. */

import type { ExtendVideoMutation } from './gql/graphql.ts';

export type NextStep =
  | { readonly watch: string }
  | { readonly mend: readonly { readonly path: readonly string[]; readonly message: string }[] }
  | { readonly tell: string; readonly retryInSeconds: number | null };

// #region branch
export function toNextStep(result: ExtendVideoMutation['extendVideo']): NextStep {
  switch (result.__typename) {
    case 'ExtendVideoSuccess':
    // It may have been paid for: watch it, and never send it again under another key.
    case 'OutcomeUnknownError':
      return { watch: result.video.id };
    case 'InvalidInputError':
      return { mend: result.issues };
    default: {
      // The upstream may have started it before it answered with an error.
      if ('inDoubt' in result && result.inDoubt) return { watch: result.inDoubt.id };
      // Every error there is, and every one to come, is a GatewayError.
      const { message, retryable, retryAfter } = result;
      return { tell: message, retryInSeconds: retryable ? (retryAfter ?? 5) : null };
    }
  }
}
// #endregion
