import { useState } from 'react';

interface Props {
  /** On the button that asks. */
  readonly label: string;
  readonly question: string;
  readonly yes: string;
  /** Instead of `yes`, while it happens. */
  readonly busy: string;
  readonly no: string;
  /** Resolves with whether it has happened. */
  readonly onYes: () => Promise<boolean>;
}

/** A button that asks before it acts. The focus moves to the safe answer, and back to the button. */
export function Confirm({ label, question, yes, busy, no, onYes }: Props) {
  const [step, setStep] = useState<'untouched' | 'asking' | 'busy' | 'closed'>('untouched');

  async function confirm(): Promise<void> {
    if (step === 'busy') return;
    setStep('busy');
    if (!(await onYes())) setStep('closed');
  }

  if (step === 'untouched' || step === 'closed') {
    return (
      <button
        type="button"
        className="quiet"
        ref={step === 'closed' ? focus : null}
        onClick={() => setStep('asking')}
      >
        {label}
      </button>
    );
  }
  return (
    <fieldset className="confirm">
      <legend>{question}</legend>
      <button type="button" aria-disabled={step === 'busy'} onClick={confirm}>
        {step === 'busy' ? busy : yes}
      </button>
      <button type="button" className="quiet" ref={focus} onClick={() => setStep('closed')}>
        {no}
      </button>
    </fieldset>
  );
}

/** Always the same function, so that React calls it only when a button appears. */
function focus(button: HTMLButtonElement | null): void {
  button?.focus();
}
