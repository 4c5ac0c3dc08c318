/** What the gateway has found wrong with the input, for the fields that it concerns. */

import { createContext, useContext, useMemo, useState } from 'react';
import type { LongtakeError } from '../../../client/index.ts';

export type InputIssues = LongtakeError['issues'];

const NONE: InputIssues = [];
export const Issues = createContext<InputIssues>(NONE);

/**
 * Names shots by their cards instead of by the places that they had when they were sent: they may have
 * been moved since.
 */
export function useCardIssues(
  refusal: { readonly problem: LongtakeError } | null,
  sent: readonly { readonly id: string }[],
): InputIssues {
  return useMemo(
    () =>
      (refusal?.problem.issues ?? NONE).map(({ path, message }) => {
        const [field, place, ...rest] = path;
        const card = field === 'shots' && sent[Number(place)];
        return { message, path: card ? [field, card.id, ...rest] : path };
      }),
    [refusal, sent],
  );
}

/**
 * The sentence for a field, and a function that removes it once the field is edited.
 *
 * @param path as in the input, with dots: `shots.0.prompt`.
 */
export function useIssue(path: string): [string | null, () => void] {
  const issues = useContext(Issues);
  const [edited, setEdited] = useState(NONE);
  const issue = issues.find((one) => one.path.join('.') === path);
  const isShown = issue && edited !== issues;
  return [isShown ? toSentence(issue.message) : null, () => setEdited(issues)];
}

/** The gateway writes what follows the name of the field: `must not be blank`. */
export const toSentence = (message: string) =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
