/** `KEEP_URL`: where copies of finished files are stored. */

import { z } from 'zod';
import { explainHost } from './file-url.ts';
import { httpUrl } from './values.ts';

export interface FileKeepUrl {
  readonly kind: 'file';
  readonly path: string;
}

export interface S3KeepUrl {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Where absent, the SDK reads them from the environment. */
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly forcePathStyle: boolean;
}

/** Where copies are stored. */
export type KeepUrl = FileKeepUrl | S3KeepUrl;

/** For people: without parameters. */
export function toKeepName(url: KeepUrl): string {
  if (url.kind === 'file') return `file:${url.path}`;
  return `s3://${url.bucket}${url.prefix && `/${url.prefix}`}`;
}

const NO_KEEP_URL =
  'must be file:PATH, as in file:data/kept, or s3://BUCKET/PREFIX with the parameters region, endpoint and forcePathStyle, as in s3://films/kept?region=eu-central-1';

export const keepUrl = z.string().transform((text, context): KeepUrl => {
  const host = explainHost(text);
  if (host !== null) {
    context.addIssue(host);
    return z.NEVER;
  }
  const url = text.startsWith('file:') ? toFileKeepUrl(text) : toS3KeepUrl(text);
  if (url) return url;
  context.addIssue(NO_KEEP_URL);
  return z.NEVER;
});

function toFileKeepUrl(text: string): FileKeepUrl | null {
  const path = text.slice('file:'.length);
  // file:///srv/kept is the URL of /srv/kept.
  return path === '' ? null : { kind: 'file', path: path.startsWith('///') ? path.slice(2) : path };
}

/** Null where the path is not percent-encoded correctly. */
function toPrefix({ pathname }: URL): string | null {
  try {
    return decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  } catch {
    return null;
  }
}

function toS3KeepUrl(text: string): S3KeepUrl | null {
  const url = URL.parse(text);
  if (url?.protocol !== 's3:' || !url.hostname || url.username || url.password) return null;
  const prefix = toPrefix(url);
  const { region, endpoint, forcePathStyle, ...others } = Object.fromEntries(url.searchParams);
  const isStyle = ['true', 'false', undefined].includes(forcePathStyle);
  const isEndpoint = endpoint === undefined || httpUrl.safeParse(endpoint).success;
  if (Object.keys(others).length > 0 || !isStyle || !isEndpoint || prefix === null) return null;
  return {
    kind: 's3',
    bucket: url.hostname,
    prefix,
    region: region || null,
    endpoint: endpoint ?? null,
    forcePathStyle: forcePathStyle === 'true',
  };
}
