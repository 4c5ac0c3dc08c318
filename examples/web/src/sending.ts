/** What the forms for paid requests share. */

import { type KeyboardEvent, type RefObject, useEffect } from 'react';
import { useNow } from './hooks.ts';
import type { Refusal } from './submit.ts';

/** The text of a field; empty where the form has none of that name. */
export type ReadField = (name: string) => string;

export function toReader(form: HTMLFormElement): ReadField {
  const fields = new FormData(form);
  return (name) => String(fields.get(name) ?? '').trim();
}

/** Ctrl+Enter, or Cmd+Enter, sends the form. */
export function sendOnEnter(event: KeyboardEvent<HTMLFormElement>): void {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
}

interface SendButton {
  readonly label: string;
  readonly isReady: boolean;
  /** Whether it counts down. */
  readonly isWaiting: boolean;
}

/**
 * @param action the button's text when it is enabled.
 * @param blocked why the form cannot be sent now.
 */
export function useSendButton(
  action: string,
  isPending: boolean,
  refusal: Refusal | null,
  blocked: string | null = null,
): SendButton {
  const retryAt = refusal?.retryAt ?? 0;
  const seconds = Math.ceil((retryAt - useNow(retryAt > 0)) / 1000);
  const isWaiting = seconds > 0;
  const isReady = !blocked && !isPending && !isWaiting;
  let label = action;
  if (isPending) label = 'Sending…';
  else if (blocked) label = blocked;
  else if (isWaiting) label = `Again in ${seconds} s`;
  else if (refusal?.problem.retryable) label = 'Try again';
  return { label, isReady, isWaiting };
}

/** Leads to the first field that was refused. */
export function useFocusOnIssue(
  form: RefObject<HTMLFormElement | null>,
  refusal: Refusal | null,
): void {
  useEffect(() => {
    if (!refusal) return;
    const field = form.current?.querySelector<HTMLElement>('[aria-invalid=true]');
    field?.closest('details')?.setAttribute('open', '');
    field?.focus();
  }, [form, refusal]);
}
