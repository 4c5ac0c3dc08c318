import type { FormEvent } from 'react';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { useNow } from './hooks.ts';
import { Refused, Unanswered } from './Problems.tsx';
import type { Submit } from './submit.ts';
import { isEnded } from './words.ts';

/** What happens next. A failed video is tried anew from what it was to extend. */
export function Composer({ video, submit }: { video: VideoFieldsFragment; submit: Submit }) {
  const isFailed = video.state === 'FAILED';
  const target = isFailed ? video.sourceTaskId : (video.taskId ?? video.id);
  const retryAt = submit.refusal?.retryAt ?? 0;
  const seconds = Math.ceil((retryAt - useNow(retryAt > 0)) / 1000);
  const isReady = isEnded(video.state) && !submit.pending && seconds <= 0;

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    if (!isReady || !target) return;
    const fields = new FormData(event.currentTarget);
    const read = (name: string) => String(fields.get(name) ?? '').trim();
    submit.submit({
      taskId: target,
      prompt: read('prompt'),
      quality: read('quality') === 'P1080' ? 'P1080' : 'P720',
      imageUrl: read('imageUrl') || null,
      waterMark: read('waterMark') || null,
    });
  }

  let action = 'Extend';
  if (submit.pending) action = 'Sending…';
  else if (!isEnded(video.state)) action = 'Waiting for this one';
  else if (seconds > 0) action = `Again in ${seconds} s`;
  else if (isFailed || submit.refusal?.problem.retryable) action = 'Try again';

  return (
    <form className="composer" onSubmit={onSubmit} aria-labelledby="composer">
      <h2 id="composer">What happens next?</h2>
      <label>
        Prompt
        <textarea
          name="prompt"
          rows={4}
          required
          maxLength={2048}
          placeholder="The cat goes on dancing"
          defaultValue={isFailed ? (video.prompt ?? '') : ''}
        />
      </label>
      <fieldset className="choice">
        <legend>Quality</legend>
        <label>
          <input type="radio" name="quality" value="P720" defaultChecked />
          <span>720p</span>
        </label>
        <label>
          <input type="radio" name="quality" value="P1080" />
          <span>1080p</span>
        </label>
      </fieldset>
      <details>
        <summary>Image and watermark</summary>
        <label>
          Image to go by (address)
          <input type="url" name="imageUrl" placeholder="https://" />
        </label>
        <label>
          Watermark
          <input type="text" name="waterMark" maxLength={100} />
        </label>
      </details>
      {/* Not `disabled`: a button that is loses the focus. */}
      <button type="submit" className="main" aria-disabled={!isReady}>
        {action}
      </button>
      {submit.refusal && <Refused {...submit.refusal} onDismiss={submit.dismiss} />}
      {submit.silence && <Unanswered submit={submit} />}
    </form>
  );
}
