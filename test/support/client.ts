/** `longtake/client` against a gateway of the test. */

import { type ClientStorage, createClient } from '../../client/index.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** Like `localStorage`: what it holds are its own properties. */
export function createStorage(): ClientStorage & Record<string, unknown> {
  const methods = {
    getItem(this: Record<string, string>, name: string) {
      return this[name] ?? null;
    },
    setItem(this: Record<string, string>, name: string, value: string) {
      this[name] = value;
    },
    removeItem(this: Record<string, string>, name: string) {
      delete this[name];
    },
  };
  return Object.create(methods) as ClientStorage & Record<string, unknown>;
}

export const toClient = ({ url }: { url: string }, options: object = {}) =>
  createClient({ url: `${url}/graphql`, ...options });
const isSubmit = ({ method }: { method: string }) => method === 'POST';
export const countSubmits = (sandbox: Sandbox) => sandbox.requests.filter(isSubmit).length;

/** The task of the next submit that the sandbox gets. */
export async function nextTask(sandbox: Sandbox): Promise<string> {
  const { taskId } = await sandbox.nextRequest(
    (request) => request.taskId !== null && isSubmit(request),
  );
  return taskId ?? '';
}
