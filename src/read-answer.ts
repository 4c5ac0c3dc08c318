/**
 * Reads the JSON of a `fetch` response, at most `limit` bytes, because a server may never stop sending.
 *
 * @throws Error with a sentence for the operator; SyntaxError when it is not JSON; the reason
 * when the body breaks off.
 */
export async function readJson(
  response: { readonly body: AsyncIterable<Uint8Array> | null },
  limit: number,
): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limit) throw new Error(`its answer is over ${limit / 1024} KiB`);
    chunks.push(chunk);
  }
  return JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)));
}
