/** One submit at a time, paid at most once: across double clicks, reloads and lost connections. */

import { useEffect, useEffectEvent, useRef, useState } from 'react';
import {
  type ExtendVideoInput,
  type GenerateVideoInput,
  LongtakeError,
  type Pending,
  type SubmitOptions,
  type Video,
} from '../../../client/index.ts';
import { readListsAgain } from './lists.ts';
import { longtake } from './longtake.ts';
import { forgetDraft } from './memory.ts';
import { askToSignIn } from './session.ts';
import { PROBLEMS } from './words.ts';

export interface Refusal {
  readonly problem: LongtakeError;
  /** In epoch milliseconds; 0: unknown. */
  readonly retryAt: number;
}

/** An extension names the video that it extends; an original does not. */
export type NewVideo = ExtendVideoInput | GenerateVideoInput;

export interface Submit {
  /** Sent and not answered yet. */
  readonly pending: NewVideo | null;
  /** Why no answer arrived. The client sends the submit again. */
  readonly silence: string | null;
  readonly refusal: Refusal | null;
  submit(input: NewVideo): void;
  /** Gives up the pending submit, which may have been paid for. */
  forget(): void;
  dismiss(): void;
}

function makesVideo(submit: Pending): submit is Pending<'extendVideo' | 'generateVideo'> {
  return submit.operation === 'extendVideo' || submit.operation === 'generateVideo';
}

/**
 * @param onMade called with the id of the video that exists or may exist.
 * @param onEnded called with each video that was submitted here, also before a reload, when it ends.
 */
export function useSubmit(onMade: (id: string) => void, onEnded: (video: Video) => void): Submit {
  const [pending, setPending] = useState<NewVideo | null>(null);
  const [silence, setSilence] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const leaving = useRef<AbortController | null>(null);

  /** Shows a submit until it is answered, and reports the end of its video. */
  async function follow(
    input: NewVideo,
    send: (options: SubmitOptions) => Promise<Video>,
  ): Promise<void> {
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
      const video = await send({
        signal: controller.signal,
        // The form counts down instead.
        maxRefusals: 0,
        onUpdate({ id }) {
          if (isAnswered) return;
          settle();
          forgetDraft(input.prompt);
          readListsAgain();
          onMade(id);
        },
        onRetry({ message }) {
          if (!isAnswered) setSilence(message);
        },
      });
      onEnded(video);
    } catch (error) {
      if (controller.signal.aborted) return;
      const problem = error as LongtakeError;
      if (problem.video) return onEnded(problem.video);
      if (problem.code === 'UNAUTHENTICATED') askToSignIn();
      if (isAnswered) return;
      const isRefused = problem instanceof LongtakeError && problem.code in PROBLEMS;
      if (!isRefused) return setSilence(problem.message);
      settle();
      const { retryAfter } = problem;
      setRefusal({ problem, retryAt: retryAfter ? Date.now() + retryAfter * 1000 : 0 });
    }
  }

  const hasResumed = useRef(false);
  const resume = useEffectEvent(async () => {
    // React runs effects twice in development.
    if (hasResumed.current) return;
    hasResumed.current = true;
    for (const submit of await longtake.pending()) {
      if (!makesVideo(submit)) continue;
      const { id, input } = submit;
      if (id === null) void follow(input, submit.resume);
      else
        submit.resume().then(onEnded, ({ video }: LongtakeError) => {
          if (video) onEnded(video);
        });
    }
  });
  useEffect(() => void resume(), []);

  return {
    pending,
    silence,
    refusal,
    submit(input) {
      if (pending) return;
      setRefusal(null);
      void follow(input, (options) =>
        'taskId' in input
          ? longtake.extendVideo(input, options)
          : longtake.generateVideo(input, options),
      );
    },
    async forget() {
      leaving.current?.abort();
      setPending(null);
      setSilence(null);
      for (const submit of await longtake.pending())
        if (makesVideo(submit) && submit.id === null) await submit.forget();
    },
    dismiss: () => setRefusal(null),
  };
}
