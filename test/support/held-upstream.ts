/** An upstream that answers each submit when, and as, the test says. */

import { readCallbackUrl } from './callback.ts';
import { createQueue } from './queue.ts';
import { answerJson, type RecordedRequest, startScriptedUpstream } from './scripted-upstream.ts';

export interface HeldSubmit {
  readonly prompt: string;
  /** Where the upstream is to report the task's end: the gateway's secret. */
  readonly callback: { readonly url: string; readonly id: string; readonly token: string };
  accept(taskId: string): void;
  /** An envelope with this code, under HTTP 200. */
  refuse(code: number, headers?: Record<string, string>): void;
  /** Cuts the connection without an answer. */
  cut(): void;
}

export interface HeldUpstream extends AsyncDisposable {
  readonly url: string;
  /** Extend requests alone. */
  readonly submits: readonly RecordedRequest[];
  nextSubmit(): Promise<HeldSubmit>;
}

/**
 * Reads report an unknown task.
 *
 * @param options.foreign the id of a task that was made elsewhere, and has succeeded.
 */
export async function startHeldUpstream({
  foreign,
}: {
  readonly foreign?: string;
} = {}): Promise<HeldUpstream> {
  const held = createQueue<HeldSubmit>();
  const upstream = await startScriptedUpstream((request, response, socket) => {
    if (request.method === 'GET' && foreign && request.query.get('taskId') === foreign) {
      const videoInfo = { taskId: foreign, videoUrl: 'https://files.example.com/foreign.mp4' };
      const data = { taskId: foreign, state: 'success', videoInfo };
      answerJson(response, { code: 200, msg: 'success', data });
      return;
    }
    if (request.method === 'GET') {
      answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
      return;
    }
    const body = request.json() as { prompt: string };
    held.push({
      prompt: body.prompt,
      callback: readCallbackUrl(body),
      accept: (taskId) => answerJson(response, { code: 200, msg: 'success', data: { taskId } }),
      refuse: (code, headers = {}) => answerJson(response, { code, msg: 'refused' }, { headers }),
      cut: () => socket.destroy(),
    });
  });
  return {
    url: upstream.url,
    get submits() {
      return upstream.requests.filter((request) => request.method === 'POST');
    },
    async nextSubmit() {
      const submit = await held.next();
      if (!submit) throw new Error('no submit will come');
      return submit;
    },
    [Symbol.asyncDispose]: upstream.close,
  };
}
