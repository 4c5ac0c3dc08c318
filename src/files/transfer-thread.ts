/**
 * Transfers files in a thread of its own. Hashing and collecting garbage delay requests less there, and
 * collections are cheaper than in the large heap of the gateway.
 */

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { type Destination, DestinationError } from './destination.ts';
import { answerS3Calls } from './s3/calls.ts';
import { SourceError } from './source-error.ts';
import { toError } from './transfer-failure.ts';
import type { TransferAnswer, TransferCommand, TransferRequest } from './transfer-messages.ts';
import type { StoredFile, Transfer, TransferSettings, Transfers } from './transfers.ts';

/** In the build, next to the file that contains this module. */
const PROGRAM = `./transfer-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;

/** Flags of Node for connections that belong to a thread. Most others belong to the process, and a thread refuses them. */
const CONNECTION_FLAG =
  /^--(use-system-ca|tls-(min|max)-v|tls-keylog|dns-result-order|max-http-header-size|(no-)?network-family-autoselection)/;

interface Thread {
  readonly worker: Worker;
  /** The ports of the transfers that it has not ended. */
  readonly running: Set<MessagePort>;
  hasEnded: boolean;
}

/** The thread starts with the first transfer. If it dies, its transfers fail, and the next one starts another. */
export function createTransferThread(
  settings: TransferSettings,
  { openControl }: Pick<Destination, 'openControl'>,
  log: Logger,
): Transfers {
  let current: Thread | null = null;

  function startThread(): Thread {
    const thread: Thread = {
      worker: createWorker(settings),
      running: new Set(),
      hasEnded: false,
    };
    thread.worker.on('error', (error) =>
      log.error({ err: error }, 'the thread that copies files failed'),
    );
    thread.worker.on('exit', () => {
      thread.hasEnded = true;
    });
    return thread;
  }

  return {
    async start(url, part, signal) {
      signal.throwIfAborted();
      if (!current || current.hasEnded) current = startThread();
      const { port1, port2 } = new MessageChannel();
      const calls = new MessageChannel();
      const request: TransferRequest = { url, part, port: port2, calls: calls.port2 };
      current.worker.postMessage(request, [port2, calls.port2]);
      const answering = openControl && answerS3Calls(calls.port1, openControl(signal));
      return follow(port1, { thread: current, answering, signal });
    },
    async close() {
      await current?.worker.terminate();
    },
  };
}

function createWorker(
  settings: TransferSettings,
  execArgv = toConnectionFlags(process.execArgv),
): Worker {
  try {
    return new Worker(new URL(PROGRAM, import.meta.url), {
      workerData: withoutSecrets(settings),
      execArgv,
      name: 'transfers',
    });
  } catch (error) {
    // Which flags belong to the process depends on the version of Node.
    if (execArgv.length > 0) return createWorker(settings, []);
    throw new DestinationError('the thread that copies files cannot be started', { cause: error });
  }
}

/**
 * The flags of the command line that copying needs. Not `--import` and `--require`: what they preload is
 * for the gateway. What NODE_OPTIONS preloads reaches all threads.
 */
function toConnectionFlags(flags: readonly string[]): string[] {
  let isNeeded = false;
  return flags.filter((flag) => {
    // The value of a flag may be an argument of its own.
    if (flag.startsWith('-')) isNeeded = CONNECTION_FLAG.test(flag);
    return isNeeded;
  });
}

interface Following {
  readonly thread: Thread;
  /** Until the end of what this thread does for the transfer. */
  readonly answering: Promise<void> | undefined;
  readonly signal: AbortSignal;
}

function follow(port: MessagePort, following: Following): Promise<Transfer> {
  const { thread, answering, signal } = following;
  const started = Promise.withResolvers<Transfer>();
  const stored = Promise.withResolvers<StoredFile>();
  // A transfer may fail before it is stored.
  stored.promise.catch(() => undefined);
  const { running } = thread;
  let isAccepted = false;
  running.add(port);

  const send = (command: TransferCommand) => port.postMessage(command);
  const abort = () => send('abort');
  function fail(error: Error): void {
    running.delete(port);
    started.reject(error);
    stored.reject(error);
  }

  signal.addEventListener('abort', abort);
  port.on('message', (answer: TransferAnswer) => {
    if ('failure' in answer) fail(toError(answer.failure));
    else if ('stored' in answer) {
      running.delete(port);
      stored.resolve(answer.stored);
    } else if ('extension' in answer) {
      started.resolve({
        extension: answer.extension,
        store(name) {
          send({ store: name });
          return stored.promise;
        },
        cancel: abort,
      });
    } else isAccepted = true;
  });
  port.on('close', () => {
    signal.removeEventListener('abort', abort);
    if (!running.has(port)) return;
    // The worker reports its end later.
    thread.hasEnded = true;
    const message = 'the thread that copies files has ended';
    // Stays in `running`, so that every transfer sees the others that ended with the thread.
    const isCause = isAccepted && running.size === 1;
    const error = isCause ? new SourceError(message) : new DestinationError(message);
    void Promise.resolve(answering).then(() => {
      started.reject(error);
      stored.reject(error);
    });
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
