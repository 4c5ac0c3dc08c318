import { useState } from 'react';
import { LongtakeError } from '../../../client/index.ts';
import { readListsAgain } from './lists.ts';
import { longtake } from './longtake.ts';
import { PROBLEMS, type Problem } from './words.ts';

/** Stops a film after a second click. Without an answer it is sent again: it cannot do harm twice. */
export function Stop({ id, onStopped }: { id: string; onStopped: () => void }) {
  const [step, setStep] = useState<'idle' | 'asking' | 'stopping'>('idle');
  const [problem, setProblem] = useState('');

  // Its subscription updates the page.
  async function onStop(): Promise<void> {
    if (step === 'stopping') return;
    setStep('stopping');
    try {
      await longtake.cancelSequence(id, {
        onRetry: () => setProblem('No answer came. It is sent again when the connection is back.'),
      });
      readListsAgain();
      onStopped();
    } catch (error) {
      if (!(error instanceof LongtakeError)) throw error;
      setProblem(PROBLEMS[error.code as Problem]?.title ?? error.message);
      setStep('idle');
    }
  }

  return (
    <div className="actions">
      {step === 'idle' ? (
        <button type="button" className="quiet" onClick={() => setStep('asking')}>
          Stop
        </button>
      ) : (
        <fieldset className="confirm">
          <legend>
            Stop this film? A shot that was sent is still finished and paid. The others are not
            made.
          </legend>
          <button type="button" aria-disabled={step === 'stopping'} onClick={onStop}>
            {step === 'stopping' ? 'Stopping…' : 'Stop it'}
          </button>
          <button type="button" className="quiet" onClick={() => setStep('idle')}>
            Let it go on
          </button>
        </fieldset>
      )}
      <span role="status">{problem}</span>
    </div>
  );
}
