import { createUpstreamClient, type UpstreamClientOptions } from '../../src/upstream/client.ts';
import type { ExtendRequest } from '../../src/upstream/extend.ts';

export const API_KEY = 'sk-test-5f0c1d';
export const TOKEN = 'q7Zr0mUe3vN8xW1yB4tK6sD9';
export const CALLBACK_URL = `https://gateway.example/callbacks/0192f/${TOKEN}`;

export const EXTEND: ExtendRequest = {
  taskId: 'source-1',
  prompt: 'The cat dances on.',
  quality: 'P720',
  waterMark: null,
  imageUrl: null,
  expandPrompt: null,
  callBackUrl: CALLBACK_URL,
};

/** A client that leaves with its scope. The deadline is far off unless a test is about it. */
export function startClient(url: string, options: Partial<UpstreamClientOptions> = {}) {
  const client = createUpstreamClient({ url, apiKey: API_KEY, timeoutMs: 20_000, ...options });
  return Object.assign(client, { [Symbol.asyncDispose]: client.close });
}

/** What the promise was rejected with; fails the test when it was not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

/** Everything that a log line of this error could show. */
export function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = JSON.stringify(Object.fromEntries(Object.entries(error)));
  return [error.name, error.message, error.stack, own, everythingIn(error.cause)].join('\n');
}
