import { useState } from 'react';
import { LongtakeError } from '../../../client/index.ts';
import { Confirm } from './Confirm.tsx';
import { readListsAgain } from './lists.ts';
import { longtake } from './longtake.ts';
import { PROBLEMS, type Problem } from './words.ts';

/** Stops a film after a second click. Without an answer it is sent again: it cannot do harm twice. */
export function Stop({ id, onStopped }: { id: string; onStopped: () => void }) {
  const [problem, setProblem] = useState('');

  // Its subscription updates the page.
  async function onStop(): Promise<boolean> {
    try {
      await longtake.cancelSequence(id, {
        onRetry: () => setProblem('No answer came. It is sent again when the connection is back.'),
      });
      readListsAgain();
      onStopped();
      return true;
    } catch (error) {
      if (!(error instanceof LongtakeError)) throw error;
      setProblem(PROBLEMS[error.code as Problem]?.title ?? error.message);
      return false;
    }
  }

  return (
    <div className="actions">
      <Confirm
        label="Stop"
        question="Stop this film? A shot that was sent is still finished and paid. The others are not made."
        yes="Stop it"
        busy="Stopping…"
        no="Let it go on"
        onYes={onStop}
      />
      <span role="status">{problem}</span>
    </div>
  );
}
