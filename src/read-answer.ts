/** What `fetch` and undici's `request` have in common. */
interface Response {
  readonly body: AsyncIterable<Uint8Array> | null;
}

/**
 * Reads the JSON of a `fetch` response, at most `limit` bytes, because a server may never stop sending.
 *
 * @throws Error with a sentence for the operator; SyntaxError when it is not JSON; the reason
 * when the body breaks off.
 */
export async function readJson(response: Response, limit: number): Promise<unknown> {
  return JSON.parse(await readText(response, limit));
}

/** The same for any text. */
export async function readText(response: Response, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limit) throw new Error(`its answer is over ${limit / 1024} KiB`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
