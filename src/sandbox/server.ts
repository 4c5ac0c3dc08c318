import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Body } from './body.ts';
import { readBody } from './body.ts';
import type { Answerer, Verdict } from './extend.ts';
import { judgeExtension } from './extend.ts';
import { serveFile } from './files.ts';
import { judgeGeneration } from './generate.ts';
import type { Journal } from './journal.ts';
import type { SandboxLogger } from './logger.ts';
import { toRecord } from './records.ts';
import type { Reply } from './replies.ts';
import { sendReply, toEnvelope } from './replies.ts';
import { REFUSALS } from './scenarios.ts';
import type { Tasks } from './tasks.ts';

const EXTEND_PATH = '/api/v1/runway/extend';
const GENERATE_PATH = '/api/v1/runway/generate';
const RECORD_PATH = '/api/v1/runway/record-detail';
const CREDIT_PATH = '/api/v1/chat/credit';
const METHODS: ReadonlyMap<string, string> = new Map([
  [EXTEND_PATH, 'POST'],
  [GENERATE_PATH, 'POST'],
  [CREDIT_PATH, 'GET'],
  [RECORD_PATH, 'GET'],
]);

/** A request to the API, recorded before it is answered. Requests for files are not. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Undefined without a body and for a body that is not JSON. */
  readonly body: unknown;
  readonly at: number;
  /** The task that the request made. */
  readonly taskId: string | null;
}

export interface HandlerOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly tasks: Tasks;
  readonly requests: Journal<RecordedRequest>;
  readonly answerer: Answerer;
  /** Returns the seconds to wait, or null if the request is allowed. */
  readonly limit: (now: number) => number | null;
  readonly logger: SandboxLogger | undefined;
}

/** Answers every request. An unexpected error becomes code 500 and does not stop the server. */
export function createHandler(options: HandlerOptions): RequestListener {
  const { url: baseUrl, apiKey, tasks, requests, answerer, limit, logger } = options;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const url = URL.parse(path, baseUrl);
    const pathname = url?.pathname ?? '';
    if (pathname.startsWith('/files/')) {
      return serveFile(request, response, { path: pathname, tasks });
    }

    const body = await readBody(request);
    // No await from here to the answer, so that a recorded request can be controlled at once.
    const verdict = judge(request, url, body);
    const taskId = verdict.task?.taskId ?? null;
    requests.add({ method, path, body: body.json, at: Date.now(), taskId });
    logger?.info({ method, path: pathname, taskId, status: verdict.reply.status }, 'request');
    await answerer.answer(response, verdict);
  }

  function judge({ method, headers }: IncomingMessage, url: URL | null, body: Body): Verdict {
    const path = url?.pathname ?? '';
    const allow = METHODS.get(path);
    if (!allow) return refuse(404, { status: 404 });
    if (method !== allow) return refuse(405, { status: 405, headers: { allow } });
    if (headers.authorization !== `Bearer ${apiKey}`) return refuse(401);
    if (body.tooLarge) return refuse(413, { status: 413 });
    if (path === CREDIT_PATH) {
      return { reply: toEnvelope(200, 'success', { data: tasks.credits }), task: null };
    }
    if (path === RECORD_PATH) return { reply: read(url?.searchParams.get('taskId')), task: null };

    const seconds = limit(Date.now());
    if (seconds !== null) return refuse(429, { headers: { 'retry-after': String(seconds) } });
    return path === GENERATE_PATH
      ? judgeGeneration(body.json, tasks)
      : judgeExtension(body.json, tasks);
  }

  function read(taskId: string | null | undefined): Reply {
    const task = tasks.byId.get(taskId ?? '');
    // Not 404: sibling endpoints of the API were observed to answer this way.
    if (!task) return toEnvelope(422, 'recordInfo is null');
    return toEnvelope(200, 'success', { data: toRecord(task, baseUrl) });
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that has disconnected is not an error.
      if (response.destroyed || response.headersSent || request.errored) return response.destroy();
      logger?.error({ err: error }, 'request failed');
      sendReply(response, refuse(500, { status: 500 }).reply);
    });
  };
}

function refuse(
  code: number,
  how: { status?: number; headers?: Record<string, string> } = {},
): Verdict {
  const msg = REFUSALS[code] ?? `HTTP status ${code}`;
  return { reply: toEnvelope(code, msg, how), task: null };
}
