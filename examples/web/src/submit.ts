/** One submit at a time, paid at most once: across double clicks, reloads and lost connections. */

import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useMutation } from 'urql';
import { useConnection } from './connection.ts';
import {
  ExtendVideoDocument,
  type ExtendVideoInput,
  type ExtendVideoMutation,
  GenerateVideoDocument,
  type GenerateVideoInput,
  type GenerateVideoMutation,
} from './gql/graphql.ts';
import { forgetDraft, recall, remember } from './memory.ts';
import { isEnded, type Problem } from './words.ts';

export interface Refusal {
  readonly problem: Problem;
  /** In epoch milliseconds; 0: unknown. */
  readonly retryAt: number;
}

/** An extension names the video that it extends; an original does not. */
export type SubmitInput = ExtendVideoInput | GenerateVideoInput;
export type NewVideo =
  | Omit<ExtendVideoInput, 'idempotencyKey'>
  | Omit<GenerateVideoInput, 'idempotencyKey'>;

export interface Submit {
  /** Sent and not answered yet. */
  readonly pending: SubmitInput | null;
  /** Why no answer arrived. The submit is sent again after a reconnect, or by `resend`. */
  readonly silence: string | null;
  readonly refusal: Refusal | null;
  submit(input: NewVideo): void;
  resend(): void;
  /** Gives up the pending submit, which may have been paid for. */
  forget(): void;
  dismiss(): void;
}

type Result = ExtendVideoMutation['extendVideo'] | GenerateVideoMutation['generateVideo'];

/** The video that exists or may exist. */
function findVideo(result: Result) {
  if ('video' in result) return result.video;
  return 'inDoubt' in result ? result.inDoubt : null;
}

function isProblem(result: Result): result is Problem {
  return !('video' in result);
}

/** Sends either kind by its own mutation. */
function useSend() {
  const [, extendVideo] = useMutation(ExtendVideoDocument);
  const [, generateVideo] = useMutation(GenerateVideoDocument);
  return async (input: SubmitInput) => {
    if ('taskId' in input) {
      const { data, error } = await extendVideo({ input });
      return { result: data?.extendVideo, error };
    }
    const { data, error } = await generateVideo({ input });
    return { result: data?.generateVideo, error };
  };
}

/** @param onMade called with the id of the video that exists or may exist. */
export function useSubmit(onMade: (id: string) => void): Submit {
  const connection = useConnection();
  const sendOnce = useSend();
  const [pending, setPending] = useState(() => recall().submit);
  const [silence, setSilence] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const isSending = useRef(false);

  function keep(input: SubmitInput | null): void {
    remember({ submit: input, early: [] });
    setPending(input);
  }

  async function send(input: SubmitInput): Promise<void> {
    if (isSending.current) return;
    isSending.current = true;
    setSilence(null);
    const { result, error } = await sendOnce(input);
    isSending.current = false;
    // Without an answer the outcome is unknown; the same key makes it safe to send it again.
    if (!result) return setSilence(error?.graphQLErrors[0]?.message ?? 'No answer came.');

    const { open, early } = recall();
    keep(null);
    const video = findVideo(result);
    if (video) {
      forgetDraft(input.prompt);
      const { id, state } = video;
      // The end may arrive before the answer, which then contains an older state.
      if (!isEnded(state) && !early.includes(id)) remember({ open: [...open, id] });
      onMade(id);
    } else if (isProblem(result)) {
      const { retryAfter } = result;
      setRefusal({ problem: result, retryAt: retryAfter ? Date.now() + retryAfter * 1000 : 0 });
    }
  }

  const resend = () => {
    if (pending) void send(pending);
  };
  const onConnection = useEffectEvent(resend);
  useEffect(() => {
    if (connection === 'open') onConnection();
  }, [connection]);

  return {
    pending,
    silence,
    refusal,
    submit(fields) {
      if (isSending.current || pending) return;
      const input = { ...fields, idempotencyKey: crypto.randomUUID() };
      setRefusal(null);
      // Stored before it is sent, so that a reload finds it.
      keep(input);
      void send(input);
    },
    resend,
    forget() {
      keep(null);
      setSilence(null);
    },
    dismiss: () => setRefusal(null),
  };
}
