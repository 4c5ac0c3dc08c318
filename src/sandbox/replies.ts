import type { ServerResponse } from 'node:http';

/** An answer, before it is known whether and when it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The form of every answer of the API: the code that counts stands in the body. */
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

/** What a proxy in front of the API says when it cannot, or will not, ask the API. */
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
