/** The program of the thread that transfers files. */

import { constants, getPriority, setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { findProxy } from '../upstream/outbound-proxy.ts';
import { createAllowedHosts } from './allowed-hosts.ts';
import type { Destination } from './destination.ts';
import { createDownloader } from './download.ts';
import { createFileDestination } from './file-destination.ts';
import { collectRecentGarbage } from './garbage.ts';
import { createPace, type Pace } from './pace.ts';
import { callS3Control } from './s3/calls.ts';
import { createS3Http } from './s3/http.ts';
import { createS3Objects } from './s3/objects.ts';
import { toFailure } from './transfer-failure.ts';
import type { TransferAnswer, TransferCommand, TransferRequest } from './transfer-messages.ts';
import { createTransfers, type TransferSettings } from './transfers.ts';

/** The limit for all copies of a replica together, downloads and verification. */
const BYTES_PER_SECOND = 16 * 1024 * 1024;
const COLLECT_BYTES = 2 * 1024 * 1024;

lowerPriority();

const settings = workerData as TransferSettings;
const shared = {
  downloader: createDownloader({
    hosts: createAllowedHosts({
      upstreamUrl: settings.UPSTREAM_URL,
      allowed: settings.KEEP_ALLOWED_HOSTS,
    }),
    findProxy: (url) => findProxy(url, settings),
  }),
  maxBytes: settings.KEEP_MAX_BYTES,
  pace: collectEvery(COLLECT_BYTES, createPace(BYTES_PER_SECOND)),
};
const openObjects = createOpenObjects();

parentPort?.on('message', (request: TransferRequest) => void transfer(request));

/** On a busy core, requests come first. Linux changes this thread, other systems the whole process. */
function lowerPriority(): void {
  if (process.platform !== 'linux') return;
  const { PRIORITY_BELOW_NORMAL } = constants.priority;
  try {
    // Only privileged processes may raise it again.
    if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox may forbid it. Files are copied at any priority.
  }
}

async function transfer({ url, part, port, calls }: TransferRequest): Promise<void> {
  const answer = (message: TransferAnswer) => port.postMessage(message);
  answer({ accepted: true });
  const aborting = new AbortController();
  const named = Promise.withResolvers<string>();
  // The transfer may fail before it has a name.
  named.promise.catch(() => undefined);
  aborting.signal.addEventListener('abort', () => named.reject(aborting.signal.reason));
  port.on('message', (command: TransferCommand) => {
    if (command === 'abort') aborting.abort();
    else named.resolve(command.store);
  });
  try {
    const transfers = createTransfers({ ...shared, destination: openObjects(calls) });
    const { extension, store } = await transfers.start(url, part, aborting.signal);
    answer({ extension });
    answer({ stored: await store(await named.promise) });
  } catch (error) {
    answer({ failure: toFailure(error) });
  } finally {
    calls.close();
    port.close();
  }
}

/** Opens the destination for one transfer. */
function createOpenObjects(): (calls: MessagePort) => Pick<Destination, 'write' | 'read'> {
  const { KEEP_URL, KEEP_MAX_BYTES } = settings;
  if (KEEP_URL.kind === 'file') {
    const folder = createFileDestination(KEEP_URL.path);
    return () => folder;
  }
  const http = createS3Http(settings);
  return (calls) =>
    createS3Objects({ openControl: () => callS3Control(calls), http, maxBytes: KEEP_MAX_BYTES });
}

/** Frees the memory of handled bytes each time that there are this many. */
function collectEvery(limit: number, { take }: Pace): Pace {
  let handled = 0;
  return {
    take(bytes) {
      handled += bytes;
      if (handled >= limit) {
        handled = 0;
        collectRecentGarbage();
      }
      return take(bytes);
    },
  };
}
