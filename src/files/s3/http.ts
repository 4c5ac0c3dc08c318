/** Sends and fetches the bytes of objects by signed URLs, which are secrets. */

import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { findProxy, type ProxySettings } from '../../upstream/outbound-proxy.ts';
import { DestinationError } from '../destination.ts';
import { guardS3, S3Refusal, toDestinationError } from './trouble.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Without progress. */
const STALL_MS = 60_000;
const ATTEMPTS = 3;
/** Before the second attempt. It doubles. */
const RETRY_AFTER_MS = 500;
/** With TLS, whatever is sent at a time is in memory twice. */
const SENT_AT_A_TIME = 64 * 1024;
const MAX_REFUSAL_BYTES = 16 * 1024;

/** Returns a URL for one attempt. */
type Sign = () => Promise<string>;

/** All functions throw DestinationError. */
export interface S3Http {
  /**
   * Sends bytes, which must not change until this settles.
   *
   * @param type the media type of an object; null for a part.
   * @returns the ETag.
   */
  put(sign: Sign, bytes: Uint8Array, type: string | null, signal: AbortSignal): Promise<string>;
  get(sign: Sign, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  close(): void;
}

export function createS3Http(settings: ProxySettings): S3Http {
  const timeouts = { headersTimeout: STALL_MS, bodyTimeout: STALL_MS };
  const http1 = { allowH2: false, timeout: CONNECT_TIMEOUT_MS };
  const direct = new Agent({ ...timeouts, connect: http1 });
  let throughProxy: Dispatcher | null = null;

  /** A URL's scheme decides about its proxy, and all URLs of a bucket have the same. */
  function chooseDispatcher(url: string): Dispatcher {
    const proxy = findProxy(url, settings);
    if (proxy === null) return direct;
    throughProxy ??= new ProxyAgent({
      uri: proxy.href,
      ...timeouts,
      connectTimeout: CONNECT_TIMEOUT_MS,
      proxyTls: http1,
      requestTls: http1,
    });
    return throughProxy;
  }

  async function send(
    url: string,
    options: Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body' | 'signal'>,
  ): Promise<Dispatcher.ResponseData> {
    const response = await request(url, { dispatcher: chooseDispatcher(url), ...options });
    const { statusCode } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    throw new S3Refusal(statusCode, await readRefusal(response));
  }

  return {
    put(sign, bytes, type, signal) {
      const headers = {
        'content-length': String(bytes.length),
        ...(type !== null && { 'content-type': type }),
      };
      return guardS3(
        retry(signal, async () => {
          const body = Readable.from(slice(bytes));
          const response = await send(await sign(), { method: 'PUT', headers, body, signal });
          await response.body.dump();
          return String(response.headers.etag);
        }),
      );
    },
    async get(sign, signal) {
      const response = retry(signal, async () => send(await sign(), { method: 'GET', signal }));
      const { body } = await guardS3(response);
      return guardChunks(body);
    },
    close() {
      for (const agent of [direct, throughProxy]) void agent?.destroy();
    },
  };
}

/** Repeats what fails because of the network, or what the store asks to repeat. */
async function retry<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isFinal =
        error instanceof S3Refusal ? !error.isTemporary : error instanceof DestinationError;
      if (isFinal || signal.aborted || attempt === ATTEMPTS) throw error;
    }
    await delay(RETRY_AFTER_MS * 2 ** (attempt - 1), undefined, { signal });
  }
}

function* slice(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  for (let from = 0; from < bytes.length; from += SENT_AT_A_TIME)
    yield bytes.subarray(from, from + SENT_AT_A_TIME);
}

async function readRefusal({ body }: Dispatcher.ResponseData): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += String(chunk);
    if (text.length > MAX_REFUSAL_BYTES) break;
  }
  return text;
}

async function* guardChunks(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (error) {
    throw toDestinationError(error);
  }
}
