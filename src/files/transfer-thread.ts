/**
 * Transfers files in a thread of its own. Hashing and collecting garbage delay requests less there, and
 * collections are cheaper than in the large heap of the gateway.
 */

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import {
  type TransferAnswer,
  type TransferCommand,
  type TransferRequest,
  toError,
} from './transfer-messages.ts';
import type { StoredFile, Transfer, TransferSettings, Transfers } from './transfers.ts';

/** In the build, next to the file that contains this module. */
const PROGRAM = `./transfer-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;

/** The thread starts with the first transfer. If it dies, its transfers fail, and the next one starts another. */
export function createTransferThread(settings: TransferSettings, log: Logger): Transfers {
  let current: Worker | null = null;

  function startThread(): Worker {
    const thread = new Worker(new URL(PROGRAM, import.meta.url), {
      workerData: withoutSecrets(settings),
      // What the process was started with (`--import`) is for the gateway.
      execArgv: [],
      name: 'transfers',
    });
    thread.on('error', (error) => log.error({ err: error }, 'the thread that copies files failed'));
    thread.on('exit', () => {
      if (current === thread) current = null;
    });
    return thread;
  }

  return {
    async start(url, part, signal) {
      signal.throwIfAborted();
      current ??= startThread();
      const { port1, port2 } = new MessageChannel();
      const request: TransferRequest = { url, part, port: port2 };
      current.postMessage(request, [port2]);
      return follow(port1, signal);
    },
    async close() {
      await current?.terminate();
    },
  };
}

function follow(port: MessagePort, signal: AbortSignal): Promise<Transfer> {
  const started = Promise.withResolvers<Transfer>();
  const stored = Promise.withResolvers<StoredFile>();
  // A transfer may fail before it is stored.
  stored.promise.catch(() => undefined);

  const send = (command: TransferCommand) => port.postMessage(command);
  const abort = () => send('abort');
  function fail(error: Error): void {
    started.reject(error);
    stored.reject(error);
  }

  signal.addEventListener('abort', abort);
  port.on('message', (answer: TransferAnswer) => {
    if ('failure' in answer) fail(toError(answer.failure));
    else if ('stored' in answer) stored.resolve(answer.stored);
    else {
      started.resolve({
        extension: answer.extension,
        store(name) {
          send({ store: name });
          return stored.promise;
        },
        cancel: abort,
      });
    }
  });
  port.on('close', () => {
    signal.removeEventListener('abort', abort);
    fail(new Error('the thread that copies files has ended'));
  });
  return started.promise;
}

/** A configuration holds more than the thread needs. */
function withoutSecrets(settings: TransferSettings): TransferSettings {
  const { KEEP_URL, KEEP_MAX_BYTES, KEEP_ALLOWED_HOSTS, UPSTREAM_URL } = settings;
  const { HTTPS_PROXY, HTTP_PROXY, NO_PROXY } = settings;
  return {
    KEEP_URL,
    KEEP_MAX_BYTES,
    KEEP_ALLOWED_HOSTS,
    UPSTREAM_URL,
    HTTPS_PROXY,
    HTTP_PROXY,
    NO_PROXY,
  };
}
