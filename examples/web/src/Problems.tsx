import type { Refusal, Submit } from './submit.ts';
import { PROBLEMS, type Problem } from './words.ts';

/** Why a submit was refused, and what to do. */
export function Refused(props: Refusal & { isWaiting: boolean; onDismiss: () => void }) {
  const { problem, retryAt, isWaiting, onDismiss } = props;
  const { title, advice } = PROBLEMS[problem.code as Problem];
  const { issues } = problem;
  return (
    <div className="problem" role="alert">
      <h3>{title}</h3>
      <p>
        {advice}
        {retryAt > 0 && (isWaiting ? ' The button counts down.' : ' It can be sent again now.')}
      </p>
      {issues.length > 0 && (
        <ul>
          {issues.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <b>{path.at(-1)}</b> {message}
            </li>
          ))}
        </ul>
      )}
      {problem.code === 'UPSTREAM_ERROR' && <p className="quote">{problem.message}</p>}
      <button type="button" className="quiet" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}

/** No answer came: the request is kept with its key, so that asking again cannot pay twice. */
export function Unanswered({ submit }: { submit: Submit }) {
  return (
    <div className="problem" role="alert">
      <h3>No answer has come</h3>
      <p>
        “{submit.pending?.prompt}” is kept and sent again when the connection is back. However often
        it is sent, it is paid once.
      </p>
      <p className="quote">{submit.silence}</p>
      <button type="button" className="quiet" onClick={submit.forget}>
        Forget it (it may have been paid)
      </button>
    </div>
  );
}
