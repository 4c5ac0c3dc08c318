import { type FormEvent, useRef, useState } from 'react';
import type { ShotInput } from '../../../client/index.ts';
import { type FilmFields, findShown } from './film.ts';
import { toStoryboardHref } from './hooks.ts';
import { Issues, useCardIssues } from './issues.ts';
import { Refused, Unanswered } from './Problems.tsx';
import { ShotList } from './ShotList.tsx';
import { sendOnEnter, useFocusOnIssue, useSendButton } from './sending.ts';
import {
  type DraftShot,
  draftStoryboard,
  recallShots,
  rememberShots,
  toFieldName,
  toShotInputs,
} from './storyboard.ts';
import { isContinuation, type Submit } from './submit.ts';

interface Props {
  readonly film: FilmFields;
  readonly submit: Submit;
}

/** A paused film: its shots from the failed one on, to be changed, and the button that continues it. */
export function Mend({ film, submit }: Props) {
  const failed = findShown(film)?.number ?? 0;
  // A resume makes again what the film has made itself, but not a video of its own that it begins with.
  const isOwnStart = film.start?.sequence?.id === film.id;
  const inputs = film.shots.map(({ prompt, quality, waterMark }) => ({
    prompt,
    quality,
    waterMark,
  }));
  if (failed > 0) {
    return (
      <Remaining film={film} submit={submit} inputs={inputs.slice(failed - 1)} first={failed} />
    );
  }
  return (
    <>
      {isOwnStart && <Remaining film={film} submit={submit} inputs={inputs} first={1} />}
      <section className="composer" aria-labelledby="start-over">
        <h2 id="start-over">Begin in another way</h2>
        <p>In a new storyboard with these shots everything can be changed.</p>
        <a
          className="button"
          href={toStoryboardHref()}
          onClick={() => draftStoryboard(isOwnStart ? (film.start?.prompt ?? '') : '', inputs)}
        >
          Make a new storyboard
        </a>
      </section>
    </>
  );
}

function Remaining(props: Props & { inputs: readonly ShotInput[]; first: number }) {
  const { film, submit, inputs, first } = props;
  // The failed try names the pause: with this key it ends once, in however many windows.
  const failedId = film.problem?.video?.id;
  const key = `continue ${failedId ?? film.id}`;
  const form = useRef<HTMLFormElement>(null);
  const [shots, setShots] = useState<readonly DraftShot[]>(() => recallShots(key, inputs));
  const [sent, setSent] = useState<readonly DraftShot[]>(shots);
  const isOwn =
    submit.refusal && isContinuation(submit.refusal.input) && submit.refusal.input.id === film.id;
  const refusal = isOwn ? submit.refusal : null;
  const button = useSendButton('Continue', submit.pending !== null, refusal);
  useFocusOnIssue(form, refusal);

  function onChange(next: readonly DraftShot[]): void {
    setShots(next);
    rememberShots(key, next);
  }

  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    if (!button.isReady) return;
    setSent(shots);
    const next = toShotInputs(shots);
    const isSame = JSON.stringify(next) === JSON.stringify(inputs);
    submit.submit({
      id: film.id,
      shots: isSame ? null : next,
      ...(failedId && { idempotencyKey: key }),
    });
  }

  const issues = useCardIssues(refusal, sent);
  return (
    <Issues value={issues}>
      <form
        className="composer"
        ref={form}
        onSubmit={onSubmit}
        onKeyDown={sendOnEnter}
        aria-labelledby="mend"
      >
        <h2 id="mend">Change it and continue</h2>
        <ShotList shots={shots} first={first} onChange={onChange} />
        <p className="soft">What has been made stays. The new try is paid.</p>
        <button type="submit" className="main" aria-disabled={!button.isReady}>
          {button.label}
        </button>
        {refusal && (
          <Refused
            {...refusal}
            issues={issues}
            toName={(path) => toFieldName(path, shots, first)}
            isWaiting={button.isWaiting}
            onDismiss={submit.dismiss}
          />
        )}
        {submit.silence && <Unanswered submit={submit} />}
      </form>
    </Issues>
  );
}
