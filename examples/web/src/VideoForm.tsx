import { type FormEvent, type ReactNode, useRef } from 'react';
import { Timing } from './fields.tsx';
import { SANDBOX_ORIGINAL } from './hooks.ts';
import { Issues } from './issues.ts';
import { Refused, Unanswered } from './Problems.tsx';
import { SandboxWords } from './Sandbox.tsx';
import {
  type ReadField,
  sendOnEnter,
  toReader,
  useFocusOnIssue,
  useSendButton,
} from './sending.ts';
import type { Submit } from './submit.ts';

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
  const form = useRef<HTMLFormElement>(null);
  const refusal = submit.refusal && 'prompt' in submit.refusal.input ? submit.refusal : null;
  const button = useSendButton(action, submit.pending !== null, refusal, blocked);
  useFocusOnIssue(form, refusal);

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    if (button.isReady) onSend(toReader(event.currentTarget));
  }

  return (
    <Issues value={refusal?.problem.issues ?? []}>
      <form
        className="composer"
        ref={form}
        onSubmit={onSubmit}
        onKeyDown={sendOnEnter}
        aria-labelledby="composer"
      >
        <h2 id="composer">{title}</h2>
        {children}
        <Timing />
        {/* Not `disabled`: a disabled button loses the focus. */}
        <button type="submit" className="main" aria-disabled={!button.isReady}>
          {button.label}
        </button>
        {refusal && (
          <Refused {...refusal} isWaiting={button.isWaiting} onDismiss={submit.dismiss} />
        )}
        {submit.silence && <Unanswered submit={submit} />}
        {SANDBOX_ORIGINAL && <SandboxWords />}
      </form>
    </Issues>
  );
}
