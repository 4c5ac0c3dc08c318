/** Downloads a file that the upstream has named. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { FilePart } from '../store/schema.ts';
import { createRequester, discard, type RequesterOptions } from './file-requests.ts';
import { toExtension } from './file-types.ts';
import { SourceError } from './source-error.ts';

/** How often an interrupted download is continued before the attempt fails. */
const MAX_RESUMES = 5;
const RESUME_AFTER_MS = 200;
/** Milliseconds without a byte. */
const STALL_MS = 30_000;
/** A source that sends less than this in the time of a stall is too slow. */
const TRICKLE_BYTES = 256 * 1024;

export interface DownloadLimits {
  readonly maxBytes: number;
  /** Ends the download whatever its state. */
  readonly signal: AbortSignal;
}

export interface Download {
  /** For the name of the copy. */
  readonly extension: string;
  /**
   * All bytes, read once. An interrupted download is continued by a Range request.
   *
   * @throws SourceError when the file ends early or is too long, and after too many interruptions.
   */
  readonly bytes: AsyncIterable<Buffer>;
  /** Ends the download when `bytes` is not read. */
  cancel(): void;
}

export interface Downloader {
  /**
   * Starts a download, and resolves once its headers have come.
   *
   * @throws SourceError
   */
  start(url: string, part: FilePart, limits: DownloadLimits): Promise<Download>;
  close(): void;
}

export interface DownloaderOptions extends Omit<RequesterOptions, 'stallMs'> {
  readonly stallMs?: number;
}

export function createDownloader(options: DownloaderOptions): Downloader {
  const { stallMs = STALL_MS } = options;
  const requester = createRequester({ ...options, stallMs });

  async function start(
    url: string,
    part: FilePart,
    { maxBytes, signal }: DownloadLimits,
  ): Promise<Download> {
    const response = await toSourceError(requester.send(url, {}, signal));
    try {
      const file = readHead(response, part, maxBytes);
      const resume = (from: number) => requester.send(url, toRange(response, from), signal);
      return {
        extension: file.extension,
        bytes: readAll(response, { ...file, maxBytes, stallMs, resume, signal }),
        cancel: () => discard(response),
      };
    } catch (error) {
      discard(response);
      throw error;
    }
  }

  return {
    start,
    close: requester.close,
  };
}

interface FileHead {
  readonly extension: string;
  /** Null: the end of a chunked body is its length. */
  readonly length: number | null;
}

/** @throws SourceError when the response is not a film or a picture, or too long. */
function readHead(
  { statusCode, headers }: Dispatcher.ResponseData,
  part: FilePart,
  maxBytes: number,
): FileHead {
  if (statusCode !== 200) throw new SourceError(`HTTP status ${statusCode}`);
  const type = single(headers['content-type']);
  const extension = toExtension(part, type);
  if (extension === null) throw new SourceError(`its type is ${type ?? 'unknown'}`);
  const encoding = single(headers['content-encoding']) ?? 'identity';
  if (encoding !== 'identity') throw new SourceError(`its content is encoded with ${encoding}`);
  const length = toNumber(headers['content-length']);
  // Without either, a connection that breaks off looks like the end of the file.
  if (length === null && !headers['transfer-encoding'])
    throw new SourceError('its length is unknown');
  if (length !== null && length > maxBytes) throw tooLong(maxBytes);
  return { extension, length };
}

function tooLong(maxBytes: number): SourceError {
  return new SourceError(`longer than KEEP_MAX_BYTES (${maxBytes})`, { isFinal: true });
}

interface Reading extends FileHead {
  readonly maxBytes: number;
  readonly stallMs: number;
  readonly resume: (from: number) => Promise<Dispatcher.ResponseData>;
  readonly signal: AbortSignal;
}

async function* readAll(
  first: Dispatcher.ResponseData,
  { length, maxBytes, stallMs, resume, signal }: Reading,
): AsyncGenerator<Buffer, void, void> {
  let response = first;
  let bytes = 0;
  for (let resumes = 0; ; resumes += 1) {
    const current = response;
    try {
      for await (const chunk of refuseTrickle(current.body, stallMs)) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLong(maxBytes);
        yield chunk;
      }
      break;
    } catch (error) {
      if (error instanceof SourceError || signal.aborted) throw error;
      const isResumable =
        length !== null && bytes > 0 && resumes < MAX_RESUMES && toValidator(first) !== null;
      if (!isResumable) throw new SourceError(toReason(error), { cause: error });
      await delay(RESUME_AFTER_MS * 2 ** resumes, undefined, { signal });
      const next = await toSourceError(resume(bytes));
      if (!isContinuation(next, first, bytes, length)) {
        discard(next);
        throw new SourceError('interrupted, and the server does not continue it', { cause: error });
      }
      response = next;
    } finally {
      // Also when the reader stops early.
      discard(current);
    }
  }
  if (length !== null && bytes !== length) {
    throw new SourceError(`${bytes} bytes arrived instead of ${length}`);
  }
  if (bytes === 0) throw new SourceError('it is empty');
}

/** Throws when the source sends next to nothing. The time that the reader takes does not count. */
async function* refuseTrickle(
  bytes: AsyncIterable<Buffer>,
  stallMs: number,
): AsyncGenerator<Buffer, void, void> {
  let waitedMs = 0;
  let received = 0;
  let asked = performance.now();
  for await (const chunk of bytes) {
    waitedMs += performance.now() - asked;
    received += chunk.length;
    if (waitedMs >= stallMs) {
      if (received < TRICKLE_BYTES) throw new SourceError('it arrives too slowly');
      waitedMs = 0;
      received = 0;
    }
    yield chunk;
    asked = performance.now();
  }
}

/** What tells a file from its earlier versions; null: nothing does, so it cannot be continued. */
function toValidator({ headers }: Dispatcher.ResponseData): string | null {
  const etag = single(headers.etag);
  return (etag?.startsWith('W/') ? null : etag) ?? single(headers['last-modified']) ?? null;
}

/** The rest of the same file: `If-Range` makes a server send a changed file from its beginning. */
function toRange(first: Dispatcher.ResponseData, from: number): Record<string, string> {
  return { range: `bytes=${from}-`, 'if-range': toValidator(first) ?? '' };
}

function isContinuation(
  { statusCode, headers }: Dispatcher.ResponseData,
  first: Dispatcher.ResponseData,
  from: number,
  length: number | null,
): boolean {
  const range = `bytes ${from}-${(length ?? 0) - 1}/${length}`;
  if (statusCode !== 206 || single(headers['content-range']) !== range) return false;
  const modified = single(headers['last-modified']);
  // A 206 may leave it out.
  const isSameDate = !modified || modified === single(first.headers['last-modified']);
  return isSameDate && single(headers.etag) === single(first.headers.etag);
}

async function toSourceError<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof SourceError ? error : new SourceError(toReason(error), { cause: error });
  });
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function toNumber(value: string | string[] | undefined): number | null {
  const text = single(value);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
