import type { FormEvent, KeyboardEvent, ReactNode } from 'react';
import { Timing } from './fields.tsx';
import { SANDBOX_ORIGINAL, useNow } from './hooks.ts';
import { Refused, Unanswered } from './Problems.tsx';
import { SandboxWords } from './Sandbox.tsx';
import type { Submit } from './submit.ts';

/** The text of a field; empty where the form has none of that name. */
export type ReadField = (name: string) => string;

interface Props {
  readonly title: string;
  /** The button's text when it is enabled. */
  readonly action: string;
  /** Why the form cannot be sent now. */
  readonly blocked?: string | null;
  readonly submit: Submit;
  readonly onSend: (read: ReadField) => void;
  readonly children: ReactNode;
}

/** A form for a paid video: its button, its error, and the notice about a missing answer. */
export function VideoForm({ title, action, blocked, submit, onSend, children }: Props) {
  const retryAt = submit.refusal?.retryAt ?? 0;
  const seconds = Math.ceil((retryAt - useNow(retryAt > 0)) / 1000);
  const isReady = !blocked && !submit.pending && seconds <= 0;

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    if (!isReady) return;
    const fields = new FormData(event.currentTarget);
    onSend((name) => String(fields.get(name) ?? '').trim());
  }

  function onKeyDown(event: KeyboardEvent<HTMLFormElement>): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.currentTarget.requestSubmit();
  }

  let label = action;
  if (submit.pending) label = 'Sending…';
  else if (blocked) label = blocked;
  else if (seconds > 0) label = `Again in ${seconds} s`;
  else if (submit.refusal?.problem.retryable) label = 'Try again';

  return (
    <form className="composer" onSubmit={onSubmit} onKeyDown={onKeyDown} aria-labelledby="composer">
      <h2 id="composer">{title}</h2>
      {children}
      <Timing />
      {/* Not `disabled`: a disabled button loses the focus. */}
      <button type="submit" className="main" aria-disabled={!isReady}>
        {label}
      </button>
      {submit.refusal && (
        <Refused {...submit.refusal} isWaiting={seconds > 0} onDismiss={submit.dismiss} />
      )}
      {submit.silence && <Unanswered submit={submit} />}
      {SANDBOX_ORIGINAL && <SandboxWords />}
    </form>
  );
}
