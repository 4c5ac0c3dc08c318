/** The names of owners: `jwt:<iss or ->:<subject>`, `key:<name>` and `open`. */

/**
 * The owner of a token. An issuer may contain colons, a subject must not: otherwise two owners could have the
 * same name.
 */
export function toTokenOwner(issuer: string, subject: string): string {
  return `jwt:${issuer}:${subject.replace(/[%:]/g, encodeURIComponent)}`;
}

export function isOwnerName(text: string): boolean {
  return /^(open|key:[\w.-]{1,64}|jwt:.*:[^:]+)$/s.test(text);
}

/**
 * The owners that somebody may mean who has written the subject as it is in the token: one for each colon at
 * which the issuer may end.
 */
export function listTokenOwners(text: string): string[] {
  const [, parts = ''] = /^jwt:(.*)$/s.exec(text) ?? [];
  return [...parts.matchAll(/:/g)].map(({ index }) =>
    toTokenOwner(parts.slice(0, index), parts.slice(index + 1)),
  );
}
