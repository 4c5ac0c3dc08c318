import type { IncomingMessage } from 'node:http';

const MAX_BODY_BYTES = 64 * 1024;

/** `json` is undefined without a body and for a body that is not JSON. */
export interface Body {
  readonly json: unknown;
  readonly tooLarge: boolean;
}

/** Rejects only when the client leaves before the end of its request. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // Read the rest and discard it: a client that is still sending would not see the answer.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) return { json: undefined, tooLarge: true };
  return { json: parseJson(Buffer.concat(chunks).toString()), tooLarge: false };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
