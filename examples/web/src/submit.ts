/** One submit at a time, paid at most once: across double clicks, reloads and lost connections. */

import { useEffect, useEffectEvent, useRef, useState } from 'react';
import {
  type CreateSequenceInput,
  type ExtendVideoInput,
  type GenerateVideoInput,
  LongtakeError,
  type Pending,
  type ResumeSequenceInput,
  type Sequence,
  type SubmitOptions,
  type Video,
} from '../../../client/index.ts';
import { toFilmTitle } from './film.ts';
import { readListsAgain } from './lists.ts';
import { longtake } from './longtake.ts';
import { forgetDraft, rememberDraft } from './memory.ts';
import { askToSignIn } from './session.ts';
import { forgetStoryboard } from './storyboard.ts';
import { PROBLEMS } from './words.ts';

/** An extension names the video that it extends; an original does not. */
export type NewVideo = ExtendVideoInput | GenerateVideoInput;
/** What can be asked for: a video, a film, or that a film continues. */
export type Input = NewVideo | CreateSequenceInput | ResumeSequenceInput;
export type Made = Video | Sequence;

export interface Refusal {
  readonly input: Input;
  readonly problem: LongtakeError;
  /** In epoch milliseconds; 0: unknown. */
  readonly retryAt: number;
}

export interface Submit {
  /** Sent and not answered yet. */
  readonly pending: Input | null;
  /** Why no answer arrived. The client sends the submit again. */
  readonly silence: string | null;
  readonly refusal: Refusal | null;
  submit(input: Input): void;
  /** Gives up the pending submit, which may have been paid for. */
  forget(): void;
  dismiss(): void;
}

/** When a submit is sent again whose outcome is open, if the gateway names no time. */
const RESUME_AFTER_S = 5;

type Send = (options: SubmitOptions<Made>) => Promise<Made>;

export const isContinuation = (input: Input): input is ResumeSequenceInput => 'id' in input;

export const isNewFilm = (input: Input): input is CreateSequenceInput => 'start' in input;

/** The words by which the user knows it. */
export function toTitle(input: Input): string {
  if ('prompt' in input) return input.prompt;
  return input.shots ? toFilmTitle({ shots: input.shots }) : 'The film';
}

function toSend(input: Input): Send {
  if (isContinuation(input)) return (options) => longtake.resumeSequence(input, options);
  if (isNewFilm(input)) return (options) => longtake.createSequence(input, options);
  if ('taskId' in input) return (options) => longtake.extendVideo(input, options);
  return (options) => longtake.generateVideo(input, options);
}

function toResume(submit: Pending): Send {
  return (options) => submit.resume(options);
}

/** Not `randomUUID`, which browsers offer only to pages from HTTPS or localhost. */
function createKey(): string {
  return crypto.getRandomValues(new Uint8Array(16)).join('-');
}

function forgetWords(input: Input): void {
  if (isNewFilm(input)) forgetStoryboard();
  else if (isContinuation(input)) rememberDraft(input.idempotencyKey ?? '', '');
  else forgetDraft(input.prompt);
}

/**
 * @param onMade called with the id of what exists or may exist.
 * @param onEnded called with each video and film that was submitted here, also before a reload, when it
 * ends; and with a film that a failed shot has paused.
 */
export function useSubmit(onMade: (id: string) => void, onEnded: (made: Made) => void): Submit {
  const [pending, setPending] = useState<Input | null>(null);
  const [silence, setSilence] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const leaving = useRef<AbortController | null>(null);

  /** Shows a submit until it is answered, and reports its end. */
  async function follow(input: Input, send: Send): Promise<void> {
    const controller = new AbortController();
    leaving.current = controller;
    let isAnswered = false;
    setPending(input);
    function settle(): void {
      isAnswered = true;
      leaving.current = null;
      setPending(null);
      setSilence(null);
    }
    try {
      const made = await send({
        signal: controller.signal,
        // The form counts down instead.
        maxRefusals: 0,
        onUpdate({ id }) {
          if (isAnswered) return;
          settle();
          forgetWords(input);
          readListsAgain();
          onMade(id);
        },
        onRetry({ message }) {
          if (!isAnswered) setSilence(message);
        },
      });
      onEnded(made);
    } catch (error) {
      if (controller.signal.aborted) return;
      const problem = error as LongtakeError;
      const made = problem.sequence ?? problem.video;
      if (made) return onEnded(made);
      if (problem.code === 'UNAUTHENTICATED') askToSignIn();
      if (isAnswered) return;
      const isRefused = problem instanceof LongtakeError && problem.code in PROBLEMS;
      const { retryAfter } = problem;
      if (!isRefused || problem.pending) {
        setSilence(problem.message);
        // It may have been paid. Only the same key tells.
        const seconds = retryAfter ?? RESUME_AFTER_S;
        if (problem.retryable) setTimeout(() => repeat(input), seconds * 1000);
        return;
      }
      settle();
      setRefusal({ input, problem, retryAt: retryAfter ? Date.now() + retryAfter * 1000 : 0 });
    }
  }

  /** Sends a submit again, unless the user has given it up. */
  async function repeat({ idempotencyKey }: Input): Promise<void> {
    const all = await longtake.pending();
    const refused = all.find(({ input }) => input.idempotencyKey === idempotencyKey);
    if (refused) await follow(refused.input, toResume(refused));
  }

  async function followPending(): Promise<void> {
    for (const submit of await longtake.pending()) {
      const send = toResume(submit);
      if (submit.id === null) void follow(submit.input, send);
      else
        send({}).then(onEnded, ({ sequence, video }: LongtakeError) => {
          const made = sequence ?? video;
          if (made) onEnded(made);
        });
    }
  }

  const hasResumed = useRef(false);
  const resume = useEffectEvent(async () => {
    // React runs effects twice in development.
    if (hasResumed.current) return;
    hasResumed.current = true;
    await followPending();
  });
  useEffect(() => void resume(), []);

  return {
    pending,
    silence,
    refusal,
    submit(input) {
      if (pending) return;
      setRefusal(null);
      // By its key the submit is found again among the pending ones.
      const keyed = { ...input, idempotencyKey: input.idempotencyKey || createKey() };
      void follow(keyed, toSend(keyed));
    },
    async forget() {
      leaving.current?.abort();
      setPending(null);
      setSilence(null);
      for (const submit of await longtake.pending()) if (submit.id === null) await submit.forget();
    },
    dismiss: () => setRefusal(null),
  };
}
