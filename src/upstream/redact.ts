/** Takes secrets out of a text that somebody else wrote. */
export type Redact = (text: string) => string;

export const REDACTED = '[redacted]';

/** What may surround a URL in prose, JSON or HTML, and is never part of one of ours. */
const DELIMITERS = /([\s"'<>(){},;]+)/;
/** Plain, JSON-escaped twice (`\/`) or percent-encoded. */
const CALLBACK_PATH = /(?:\/|%2f)callbacks(?:\\?\/|%2f)/i;

/**
 * Replaces every callback URL: whoever knows one can complete a task. Works word by word, so that
 * its time stays linear in a text of any length.
 */
export function redactCallbackUrls(text: string): string {
  if (!CALLBACK_PATH.test(text)) return text;
  return text
    .split(DELIMITERS)
    .map((word) => (CALLBACK_PATH.test(word) ? REDACTED : word))
    .join('');
}

/** Replaces the given secrets, as they are or escaped for JSON or a URL, and every callback URL. */
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
