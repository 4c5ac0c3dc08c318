import type { MouseEvent } from 'react';
import type { InputIssues } from './issues.ts';
import { type Input, type Refusal, type Submit, toTitle } from './submit.ts';
import { PROBLEMS, type Problem, TOO_MANY } from './words.ts';

interface Props extends Refusal {
  /** Default: those of the problem. */
  readonly issues?: InputIssues;
  /** The name of a field in the form. Default: that in the input. */
  readonly toName?: (path: readonly string[]) => string | undefined;
  readonly isWaiting: boolean;
  readonly onDismiss: () => void;
}

/** Why a submit was refused, and what to do. */
export function Refused(props: Props) {
  const { problem, retryAt, isWaiting, onDismiss } = props;
  const { issues = problem.issues, toName = (path) => path.at(-1) } = props;
  const { title, advice } = toWords(props);
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
              <b>{toName(path)}</b> {message}
            </li>
          ))}
        </ul>
      )}
      {problem.code === 'UPSTREAM_ERROR' && <p className="quote">{problem.message}</p>}
      <button
        type="button"
        className="quiet"
        onClick={(event) => {
          focusSubmit(event);
          onDismiss();
        }}
      >
        Dismiss
      </button>
    </div>
  );
}

/** Without a time, a limit on what waits or is being made has been reached. */
function toWords({ problem, input }: Refusal) {
  const isLimit = problem.code === 'RATE_LIMITED' && problem.retryAfter === null;
  if (isLimit && !('prompt' in input)) return TOO_MANY.films;
  if (isLimit && isQueued(input)) return TOO_MANY.waiting;
  return PROBLEMS[problem.code as Problem];
}

const isQueued = (input: Input) =>
  'prompt' in input && (input.whenBusy === 'QUEUE' || Boolean(input.notBefore));

/** No answer came: the request is kept with its key, so that asking again cannot pay twice. */
export function Unanswered({ submit }: { submit: Submit }) {
  return (
    <div className="problem" role="alert">
      <h3>No answer has come</h3>
      <p>
        “{submit.pending && toTitle(submit.pending)}” is kept and sent again when the connection is
        back. However often it is sent, it is paid once.
      </p>
      <p className="quote">{submit.silence}</p>
      <button
        type="button"
        className="quiet"
        onClick={(event) => {
          focusSubmit(event);
          submit.forget();
        }}
      >
        Forget it (it may have been paid)
      </button>
    </div>
  );
}

/** The button that has the focus disappears with its problem. */
function focusSubmit({ currentTarget: { form } }: MouseEvent<HTMLButtonElement>): void {
  form?.querySelector<HTMLButtonElement>('[type=submit]')?.focus();
}
