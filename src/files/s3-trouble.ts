/** Explains what is wrong with a bucket, in a sentence for the operator. */

/** By the name of the error that the store or the SDK reports. */
const REASONS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'the bucket does not exist. Create it, or correct its name in KEEP_URL',
  AccessDenied:
    'the credentials lack a permission. They need s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads',
  InvalidAccessKeyId: 'the store does not know the access key. Correct AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'the secret key is wrong. Correct AWS_SECRET_ACCESS_KEY',
  ExpiredToken: 'the session of the credentials has expired. Renew it',
  RequestTimeTooSkewed: "this machine's clock is wrong. Synchronise it",
  PermanentRedirect: 'the bucket is in another region. Set region= in KEEP_URL',
  AuthorizationHeaderMalformed: 'the region is wrong. Set region= in KEEP_URL',
  IllegalLocationConstraintException: 'the region is wrong. Set region= in KEEP_URL',
  CredentialsProviderError:
    'no credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
  ENOTFOUND: 'its host name is unknown. Correct the bucket, region= or endpoint= in KEEP_URL',
  ECONNREFUSED: 'nothing answers there. Start the store, or correct endpoint= in KEEP_URL',
  ERR_PROXY_TUNNEL: 'the outbound proxy refuses. Allow the host there, or name it in NO_PROXY',
  TimeoutError: 'it does not answer',
};

export function explainS3(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message.includes('Region is missing'))
    return 'the region is missing. Set region= in KEEP_URL';
  const code = 'code' in error ? String(error.code) : '';
  const Code = 'Code' in error ? String(error.Code) : '';
  const reason = REASONS[error.name] ?? REASONS[Code] ?? REASONS[code];
  const words = error.message || code || error.name;
  return reason ? `${reason} (${words})` : words;
}
