import type { ServerResponse } from 'node:http';

/** An answer that may be sent later, or not at all. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The form of every answer of the API. The code in the body decides, not the HTTP status. */
export function toEnvelope(
  code: number,
  msg: string,
  {
    data = null,
    status = 200,
    headers = {},
  }: {
    data?: unknown;
    status?: number;
    headers?: Record<string, string>;
  } = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ code, msg, data }),
  };
}

/** The answer of a proxy in front of the API. */
export function toErrorPage(status: number, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html', ...headers },
    body: `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`,
  };
}

export function sendReply(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Announces the whole answer, sends half of it and cuts the connection. */
export function sendHalf(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => response.destroy());
}
