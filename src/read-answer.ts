/**
 * The JSON of an answer to `fetch`, read to at most so many bytes: whoever answers may go on for ever.
 *
 * @throws Error with a sentence for the operator; SyntaxError where it is not JSON; the reason for
 * which the body broke off.
 */
export async function readJson(
  response: { readonly body: AsyncIterable<Uint8Array> | null },
  limit: number,
): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limit) throw new Error(`its answer is over ${limit / 1024} KiB`);
    chunks.push(chunk);
  }
  return JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)));
}
