/** docs/errors.md: what the schema says of each error, and what only the classes know. */

import { type GraphQLSchema, isEnumType, isInterfaceType, isObjectType } from 'graphql';
import {
  CursorExpiredError,
  type ErrorCode,
  type GatewayError,
  GatewayUnavailableError,
  IdempotencyConflictError,
  InsufficientCreditsError,
  InvalidInputError,
  OutcomeUnknownError,
  RateLimitedError,
  SourceUnavailableError,
  UnauthenticatedError,
  UpstreamError,
  UpstreamMaintenanceError,
  UpstreamUnauthorizedError,
  UpstreamUnreachableError,
  VideoNotFoundError,
} from '../src/errors.ts';
import { type FailureReason, isRetryable, type Video } from '../src/video.ts';

const toFacts = (upstreamCode: number) => ({
  upstreamCode,
  upstreamMessage: null,
  retryAfter: null,
});

/** One of each, and two of those that are sometimes retryable. A bug is of no class. */
const SAMPLES: Record<ErrorCode, readonly GatewayError[]> = {
  INVALID_INPUT: [new InvalidInputError([])],
  VIDEO_NOT_FOUND: [new VideoNotFoundError('')],
  SOURCE_UNAVAILABLE: [new SourceUnavailableError(toFacts(451))],
  RATE_LIMITED: [new RateLimitedError()],
  UPSTREAM_UNAUTHORIZED: [new UpstreamUnauthorizedError(toFacts(401))],
  INSUFFICIENT_CREDITS: [
    new InsufficientCreditsError({ ...toFacts(402), retryAfter: 60 }),
    new InsufficientCreditsError(toFacts(402)),
  ],
  UPSTREAM_MAINTENANCE: [new UpstreamMaintenanceError(toFacts(455))],
  UPSTREAM_ERROR: [
    new UpstreamError(toFacts(500), { retryable: true }),
    new UpstreamError(toFacts(500)),
  ],
  UPSTREAM_UNREACHABLE: [new UpstreamUnreachableError()],
  OUTCOME_UNKNOWN: [new OutcomeUnknownError({} as Video)],
  IDEMPOTENCY_CONFLICT: [new IdempotencyConflictError()],
  CURSOR_EXPIRED: [new CursorExpiredError()],
  GATEWAY_UNAVAILABLE: [new GatewayUnavailableError()],
  UNAUTHENTICATED: [new UnauthenticatedError()],
  INTERNAL: [],
};

/** @param schema whose descriptions say when an error comes and what to do about it. */
export function toErrorsPage(schema: GraphQLSchema): string {
  return `${HEAD}
| code | type | when, and what to do | retryable | fields of its own |
|---|---|---|---|---|
${toValues(schema, 'ErrorCode')
  .map(({ name, description }) => toRow(schema, name as ErrorCode, description))
  .join('\n')}
${MIDDLE}
| reason | when | retryable |
|---|---|---|
${toValues(schema, 'FailureReason')
  .map(({ name, description }) => `| \`${name}\` | ${description} | ${toHope(name)} |`)
  .join('\n')}
`;
}

function toRow(schema: GraphQLSchema, code: ErrorCode, description: string): string {
  const samples = SAMPLES[code];
  const type = schema.getType(samples[0]?.constructor.name ?? '');
  const fields = isObjectType(type) ? Object.keys(type.getFields()) : [];
  const common = new Set(toFieldNames(schema, 'GatewayError'));
  const cells = [
    `\`${code}\``,
    isObjectType(type) ? `\`${type.name}\`` : '–',
    description,
    toRetryable(code, samples),
    fields
      .filter((name) => !common.has(name))
      .map((name) => `\`${name}\``)
      .join(', ') || '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

function toFieldNames(schema: GraphQLSchema, name: string): string[] {
  const type = schema.getType(name);
  if (!isInterfaceType(type)) throw new Error(`The schema has no interface ${name}.`);
  return Object.keys(type.getFields());
}

/** When those are retryable that sometimes are. */
const SOMETIMES: Partial<Record<ErrorCode, string>> = {
  INSUFFICIENT_CREDITS: 'with `retryAfter`',
  UPSTREAM_ERROR: 'reads of 5xx',
};

function toRetryable(code: ErrorCode, samples: readonly GatewayError[]): string {
  const answers = new Set(samples.map(({ retryable }) => retryable));
  if (answers.size === 2) return SOMETIMES[code] ?? 'sometimes';
  return answers.has(true) ? 'yes' : 'no';
}

function toHope(reason: string): string {
  const failure = { reason: reason as FailureReason, message: '', upstreamCode: null };
  return isRetryable(failure) ? 'yes' : 'no';
}

function toValues(schema: GraphQLSchema, name: string): { name: string; description: string }[] {
  const type = schema.getType(name);
  if (!isEnumType(type)) throw new Error(`The schema has no enum ${name}.`);
  return type.getValues().map((value) => ({
    name: value.name,
    description: value.description ?? '',
  }));
}

const HEAD = `<!-- Written by npm run codegen, from src/schema and src/errors.ts. -->

# Errors

Three kinds of trouble come in three places:

- **What a submit may meet** is a type of the union that \`extendVideo\` returns. All share the interface \`GatewayError\`: \`code\` for programs, \`message\` for people, \`retryable\`, and \`retryAfter\` in seconds where it is known.
- **What a read or a subscription may meet** is an entry of \`errors\` with the same codes: \`extensions: { code, retryable, retryAfter, upstreamCode }\`.
- **Faults of the document** keep the codes that GraphQL servers share: \`GRAPHQL_PARSE_FAILED\`, \`GRAPHQL_VALIDATION_FAILED\`, \`BAD_USER_INPUT\`, \`PERSISTED_QUERY_NOT_FOUND\`. They are for whoever wrote it.

Branch on \`code\`, never on \`message\`. **Retryable** means that the same request may be sent again as it is without a risk of paying twice. Codes are added; none is renamed.
`;

const MIDDLE = `
A type of – means that the code comes in \`errors\` alone.

Two errors of a submit mean that the task may run, and that a new submit may be paid a second time: \`OUTCOME_UNKNOWN\`, and \`UPSTREAM_ERROR\` with a \`video\`. Watch that video instead. It moves on when the upstream reports on it, and is given up as NEVER_CONFIRMED when it never does ([the lifecycle](schema.md#the-life-of-a-video)).

\`UpstreamError.video\` may be null, and the \`video\` of \`ExtendVideoSuccess\` and of \`OutcomeUnknownError\` never is. GraphQL therefore asks for an alias where an operation selects both: \`... on UpstreamError { inDoubt: video { id } }\`.

## Which answers free the key

A code in the upstream's JSON answer wins over the HTTP status. Redirects are never followed. Only an answer that asserts a refusal frees the \`idempotencyKey\`; every other one keeps it, and the video stays UNCONFIRMED until the upstream reports on it. A submit under a key that is kept sends nothing: it gets \`OutcomeUnknownError\` with the same video.

| the upstream's answer to a submit | error | key |
|---|---|---|
| 401 | \`UpstreamUnauthorizedError\` | free |
| 402, or 433 in a JSON answer | \`InsufficientCreditsError\` | free |
| 404 in a JSON answer | \`VideoNotFoundError\` | free |
| 422 | \`InvalidInputError\` | free |
| 429 | \`RateLimitedError\` | free |
| 451 | \`SourceUnavailableError\` | free |
| 455 | \`UpstreamMaintenanceError\` | free |
| 400, 403, 405, 406, 410, 411, 413, 414, 415, 417, 421, 426, 431 | \`UpstreamError\` without a \`video\` | free |
| 505 in a JSON answer; 301, 302, 307, 308 or 404 as a bare HTTP status | \`UpstreamError\` without a \`video\` | free |
| any other code in a JSON answer, such as 408, 409, 500, 502, 503 or 504 | \`UpstreamError\` with its \`video\` | kept |
| none: the upstream was never reached | \`UpstreamUnreachableError\` | free |
| none that can be read: a timeout, a reset, a truncated or empty answer, an HTML page, any other HTTP status, a success without a task id | \`OutcomeUnknownError\` | kept |

All who wait for the same submit get the same error.

## Why a task failed

A task that was accepted and ended badly is no error: it is a Video with the state FAILED, and its \`failure\` says why. **Retryable** means here that the same input may well succeed as a new task, under a new \`idempotencyKey\` and paid anew.
`;
