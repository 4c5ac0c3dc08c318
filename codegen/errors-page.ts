/** docs/errors.md: what the schema says of each error, and what only the classes know. */

import { type GraphQLSchema, isEnumType, isInterfaceType, isObjectType } from 'graphql';
import {
  CursorExpiredError,
  type ErrorCode,
  type GatewayError,
  GatewayUnavailableError,
  IdempotencyConflictError,
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

/** One of each, and of the one that is sometimes retryable both. A bug is of no class. */
const SAMPLES: Record<ErrorCode, readonly GatewayError[]> = {
  INVALID_INPUT: [new InvalidInputError([])],
  VIDEO_NOT_FOUND: [new VideoNotFoundError('')],
  SOURCE_UNAVAILABLE: [new SourceUnavailableError(toFacts(451))],
  RATE_LIMITED: [new RateLimitedError()],
  UPSTREAM_UNAUTHORIZED: [new UpstreamUnauthorizedError(toFacts(401))],
  UPSTREAM_MAINTENANCE: [new UpstreamMaintenanceError(toFacts(455))],
  UPSTREAM_ERROR: [new UpstreamError(toFacts(500)), new UpstreamError(toFacts(400))],
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
    toRetryable(samples),
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

function toRetryable(samples: readonly GatewayError[]): string {
  const answers = new Set(samples.map(({ retryable }) => retryable));
  if (answers.size === 2) return '5xx only';
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

\`OUTCOME_UNKNOWN\` is the one that costs money when it is treated as any other: the task may run. Its \`video\` moves on when the upstream is heard of, and is given up as NEVER_CONFIRMED when it never is ([the lifecycle](schema.md#the-life-of-a-video)).

## Why a task failed

A task that was accepted and ended badly is no error: it is a Video with the state FAILED, and its \`failure\` says why. **Retryable** means here that the same input may well succeed as a new task, under a new \`idempotencyKey\` and paid anew.
`;
