/** Removes secrets from text of the upstream. */
export type Redact = (text: string) => string;

const REDACTED = '[redacted]';

/** Characters around a URL in prose, JSON or HTML that never occur in ours. */
const DELIMITERS = /([\s"'<>(){},;]+)/;
/** Plain, JSON-escaped twice (`\/`) or percent-encoded. */
const CALLBACK_PATH = /(?:\/|%2f)callbacks(?:\\?\/|%2f)/i;

/**
 * Replaces every callback URL, because it authorises its holder to complete a task. Works word by word,
 * so that the time is linear in the length of the text.
 */
export function redactCallbackUrls(text: string): string {
  if (!CALLBACK_PATH.test(text)) return text;
  return text
    .split(DELIMITERS)
    .map((word) => (CALLBACK_PATH.test(word) ? REDACTED : word))
    .join('');
}

/** Replaces the given secrets, plain or escaped for JSON or a URL, and every callback URL. */
export function createRedactor(secrets: readonly string[]): Redact {
  const spellings = new Set(
    secrets
      .filter((secret) => secret !== '')
      .flatMap((secret) => [
        secret,
        encodeURIComponent(secret.toWellFormed()),
        JSON.stringify(secret).slice(1, -1),
      ]),
  );
  return (text) => {
    let redacted = text;
    for (const spelling of spellings) redacted = redacted.replaceAll(spelling, REDACTED);
    return redactCallbackUrls(redacted);
  };
}
