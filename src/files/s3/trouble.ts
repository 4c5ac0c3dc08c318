/** Explains what is wrong with a bucket, in a sentence for the operator. */

import { DestinationError } from '../destination.ts';

const NO_TUNNEL = 'the outbound proxy refuses. Allow the host there, or name it in NO_PROXY';
const NO_ANSWER = 'it does not answer';
const WRONG_REGION = 'the region is wrong. Set region= in KEEP_URL';
const WRONG_CLOCK = "this machine's clock is wrong. Synchronise it";

/** By the name of the error that the store or the SDK reports. */
const REASONS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'the bucket does not exist. Create it, or correct its name in KEEP_URL',
  AccessDenied:
    'the credentials lack a permission. They need s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads',
  InvalidAccessKeyId: 'the store does not know the access key. Correct AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'the secret key is wrong. Correct AWS_SECRET_ACCESS_KEY',
  ExpiredToken: 'the session of the credentials has expired. Renew it',
  RequestTimeTooSkewed: WRONG_CLOCK,
  PermanentRedirect: 'the bucket is in another region. Set region= in KEEP_URL',
  AuthorizationHeaderMalformed: WRONG_REGION,
  AuthorizationQueryParametersError: WRONG_REGION,
  IllegalLocationConstraintException: WRONG_REGION,
  CredentialsProviderError:
    'no credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
  ENOTFOUND: 'its host name is unknown. Correct the bucket, region= or endpoint= in KEEP_URL',
  ECONNREFUSED: 'nothing answers there. Start the store, or correct endpoint= in KEEP_URL',
  ERR_PROXY_TUNNEL: NO_TUNNEL,
  UND_ERR_ABORTED: NO_TUNNEL,
  TimeoutError: NO_ANSWER,
  UND_ERR_CONNECT_TIMEOUT: NO_ANSWER,
  UND_ERR_HEADERS_TIMEOUT: NO_ANSWER,
  UND_ERR_BODY_TIMEOUT: NO_ANSWER,
};

/** A store's answer to a signed URL. */
export class S3Refusal extends Error {
  /** Whether the same request may succeed soon. */
  readonly isTemporary: boolean;

  /** @param body the beginning of it, which is XML if it comes from the store. */
  constructor(status: number, body: string) {
    super(/<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? `HTTP status ${status}`);
    this.name = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? 'S3Refusal';
    this.isTemporary = status >= 500 || status === 429 || this.name === 'RequestTimeout';
  }
}

export function guardS3<Result>(work: Promise<Result>): Promise<Result> {
  return work.catch((error: unknown) => {
    throw toDestinationError(error);
  });
}

export function toDestinationError(error: unknown): DestinationError {
  if (error instanceof DestinationError) return error;
  return new DestinationError(explainS3(error), { cause: error });
}

function explainS3(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message.includes('Region is missing'))
    return 'the region is missing. Set region= in KEEP_URL';
  const code = 'code' in error ? String(error.code) : '';
  const Code = 'Code' in error ? String(error.Code) : '';
  const words = error.message || code || error.name;
  // URLs are signed just before they are used.
  const isOutOfTime = /expired|not yet valid/i.test(error.message) && error.name === 'AccessDenied';
  const reason = isOutOfTime
    ? WRONG_CLOCK
    : (REASONS[error.name] ?? REASONS[Code] ?? REASONS[code]);
  return reason ? `${reason} (${words})` : words;
}
