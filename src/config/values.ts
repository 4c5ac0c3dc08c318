/** Value formats that several variables share. */

import { z } from 'zod';

export const wholeNumber = (least: number, most = 2 ** 31 - 1) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, error)
    .transform(Number)
    .pipe(z.number().min(least, error).max(most, error));
};
export const count = (fallback: number, least: number, most?: number) =>
  wholeNumber(least, most).default(fallback);
/** The one form of a switch. OTEL_SDK_DISABLED, which OpenTelemetry defines, is the exception. */
export const flag = z
  .enum(['on', 'off'], { error: 'must be on or off' })
  .transform((word) => word === 'on');
export const httpUrl = z
  .url({
    protocol: /^https?$/,
    error: 'must be an http(s) URL with its scheme, as in https://gateway.example.com',
  })
  // Such URLs are logged and given to others, so they must hold no password.
  .refine((url) => !/\/\/[^/?#]*@/.test(url), 'must not contain credentials');

/** An outbound proxy. Like curl, it takes a value without a scheme for an http one. */
export const proxyUrl = z
  .string()
  .transform((text) => (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`))
  .refine((text) => {
    const url = URL.parse(text);
    return !!url?.hostname && /^https?:$/.test(url.protocol);
  }, 'must be the http(s) URL of a proxy, as in http://proxy.example.com:3128');

/** A base URL, to which paths are appended. */
export const baseUrl = httpUrl
  .refine((url) => !/[?#]/.test(url), 'must end before any ? or #')
  .transform((url) => url.replace(/\/+$/, ''));

/** A path prefix. Segments hold only characters that need no encoding; `.` and `..` would be resolved away. */
export const basePath = z
  .string()
  .regex(
    /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)*\/?$/,
    'must be a path such as /api/video, of letters, digits, dots, hyphens, tildes and underscores',
  )
  .transform((path) => path.replace(/\/$/, ''));

/**
 * An origin as browsers send it, compared as text. Apps in a web view and browser extensions have schemes
 * of their own (`capacitor://localhost`), whose origins are opaque in the URL standard.
 */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin === text;
  return /^(?!(file|ftp|wss?):)[a-z][a-z0-9+.-]*:\/\/[\w.:[\]-]+$/.test(text);
}

export function split(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

export const list = z.string().default('').transform(split);

export const NO_KEY_LIST =
  'must be a comma-separated list of name:sha256-of-key, the hash in hex and not the key itself: printf %s "$KEY" | sha256sum';

/**
 * One rule for all variables: no value may begin or end with whitespace or a quote. Line breaks come from
 * secret files, carriage returns from files written on Windows, quotes from `.env` readers that keep
 * them. The value would be wrong and the cause invisible.
 *
 * @returns a sentence for each variable that breaks the rule.
 */
export function findWrapped(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Map<string, string> {
  const faults = new Map<string, string>();
  for (const name of names) {
    const value = env[name] ?? '';
    if (value !== value.trim()) {
      faults.set(name, 'must not begin or end with a space or a line break');
    } else if (/^["']|["']$/.test(value)) faults.set(name, 'must not be quoted');
  }
  return faults;
}

/** Whether no authentication is configured. */
export function isOpen(env: {
  AUTH_JWT_SECRET?: unknown;
  AUTH_JWKS_URL?: unknown;
  AUTH_API_KEYS: readonly unknown[];
}): boolean {
  return !env.AUTH_JWT_SECRET && !env.AUTH_JWKS_URL && env.AUTH_API_KEYS.length === 0;
}

export const NO_HOST_LIST =
  'must be a comma-separated list of host names without a scheme, as in files.example.com or *.example.com';

export function isHost(text: string): boolean {
  return URL.canParse(`https://${text.replace(/^\*\./, '')}/`) && !/[/?#@\s]/.test(text);
}
