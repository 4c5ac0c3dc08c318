import { type FormEvent, useRef, useState } from 'react';
import {
  Choice,
  ImageField,
  Length,
  QUALITIES,
  Shape,
  toAspectRatio,
  toQuality,
} from './fields.tsx';
import { SANDBOX_ORIGINAL, useFocusOnArrival } from './hooks.ts';
import { Issues, useCardIssues } from './issues.ts';
import { LimitedField } from './LimitedField.tsx';
import { Refused, Unanswered } from './Problems.tsx';
import { SandboxWords } from './Sandbox.tsx';
import { ShotList } from './ShotList.tsx';
import { SourceField } from './SourceField.tsx';
import { sendOnEnter, toReader, useFocusOnIssue, useSendButton } from './sending.ts';
import {
  type DraftShot,
  ORIGINAL_DRAFT,
  recallShots,
  rememberShots,
  SHOTS_DRAFT,
  toFieldName,
  toShotInputs,
} from './storyboard.ts';
import { isNewFilm, type Submit } from './submit.ts';

const STARTS = [
  ['original', 'A new video'],
  ['video', 'One of your videos'],
] as const;

const RETRIES = [
  ['0', 'Ask me'],
  ['1', 'Try it once more'],
] as const;

const EMPTY = [{ prompt: '' }, { prompt: '' }];

/**
 * A form for a long film: what it begins with, and its shots.
 *
 * @param from the video to begin with. Null: a new one, unless the user chooses one.
 */
export function Storyboard({ from, submit }: { from: string | null; submit: Submit }) {
  const form = useRef<HTMLFormElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [start, setStart] = useState<string>(from ? 'video' : 'original');
  const [shots, setShots] = useState<readonly DraftShot[]>(() => recallShots(SHOTS_DRAFT, EMPTY));
  /** As they were sent: an error names a shot by its place. */
  const [sent, setSent] = useState<readonly DraftShot[]>(shots);
  const [seconds, setSeconds] = useState('5');
  const [quality, setQuality] = useState('P720');
  const [image, setImage] = useState('');
  const refusal = submit.refusal && isNewFilm(submit.refusal.input) ? submit.refusal : null;
  const button = useSendButton('Start', submit.pending !== null, refusal);
  useFocusOnArrival(heading);
  useFocusOnIssue(form, refusal);

  function onChange(next: readonly DraftShot[]): void {
    setShots(next);
    rememberShots(SHOTS_DRAFT, next);
  }

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    if (!button.isReady) return;
    const read = toReader(event.currentTarget);
    const imageUrl = read('imageUrl') || null;
    setSent(shots);
    submit.submit({
      start:
        start === 'video'
          ? { video: read('video') }
          : {
              original: {
                prompt: read('prompt'),
                imageUrl,
                // With an image, the image decides the shape.
                aspectRatio: imageUrl ? null : toAspectRatio(read('aspectRatio')),
                duration: Number(read('duration')),
              },
            },
      shots: toShotInputs(shots),
      quality: toQuality(read('quality')),
      waterMark: read('waterMark') || null,
      retries: Number(read('retries')),
    });
  }

  const issues = useCardIssues(refusal, sent);
  return (
    <Issues value={issues}>
      <form
        className="board"
        ref={form}
        onSubmit={onSubmit}
        onKeyDown={sendOnEnter}
        aria-labelledby="board"
      >
        <div className="script">
          <h2 id="board" ref={heading} tabIndex={-1}>
            Make a long film
          </h2>
          <p>
            Write its shots. Each goes on from the last frame of the one before it, and is started
            as soon as that one is ready. You can leave the page meanwhile.
          </p>
          <Choice
            legend="It begins with"
            name="start"
            options={STARTS}
            initial={start}
            onChange={setStart}
          />
          {start === 'video' ? (
            <SourceField from={from} />
          ) : (
            <>
              <LimitedField
                label="First video"
                name="prompt"
                path="start.original.prompt"
                draft={ORIGINAL_DRAFT}
                rows={2}
                required
                limit={1800}
                placeholder="A cat dances in a room full of colorful lights"
              />
              {!image && <Shape />}
              <Length isShort={quality === 'P1080'} onChange={setSeconds} />
              <ImageField
                label="Image to begin with (address, optional)"
                path="start.original.imageUrl"
                onText={setImage}
              />
            </>
          )}
          <h3>Shots</h3>
          <ShotList shots={shots} onChange={onChange} />
        </div>
        <div className="composer">
          <h2>Start it</h2>
          <Choice
            legend="Quality"
            name="quality"
            options={QUALITIES}
            isDisabled={(value) => start === 'original' && value === 'P1080' && seconds === '10'}
            onChange={setQuality}
          />
          <Choice
            legend="If a shot fails for a reason that may pass"
            name="retries"
            options={RETRIES}
          />
          <details>
            <summary>Watermark</summary>
            <LimitedField label="Watermark" name="waterMark" limit={2048} />
          </details>
          <p className="soft">{toCost(shots.length, start === 'original')}</p>
          <button type="submit" className="main" aria-disabled={!button.isReady}>
            {button.label}
          </button>
          {refusal && (
            <Refused
              {...refusal}
              issues={issues}
              toName={(path) => toFieldName(path, shots)}
              isWaiting={button.isWaiting}
              onDismiss={submit.dismiss}
            />
          )}
          {submit.silence && <Unanswered submit={submit} />}
          {SANDBOX_ORIGINAL && <SandboxWords />}
        </div>
      </form>
    </Issues>
  );
}

function toCost(shots: number, hasOriginal: boolean): string {
  const words = shots === 1 ? '1 shot' : `${shots} shots`;
  const all = hasOriginal ? `the first video and ${words}` : words;
  return `It pays for ${all}, each when its turn comes. “Try it once more” may pay for a shot twice.`;
}
