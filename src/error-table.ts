/**
 * Every error that a client may branch on, by its code. This table is the one place for what an error
 * says and means: the classes (errors.ts), the schema (schema/errors.ts) and docs/errors.md read it.
 * Codes are part of the API: add freely, never rename.
 */

export type Mutation =
  | ('generateVideo' | 'extendVideo' | 'withdrawVideo' | 'deleteVideo')
  | ('createSequence' | 'resumeSequence' | 'cancelSequence');

export interface ErrorEntry {
  /** The name of the schema type. Absent: the error appears only in `errors` of an answer. */
  readonly type?: string;
  /** The text of `message`. Absent: the class composes it. */
  readonly message?: string;
  /** When the error occurs. */
  readonly meaning: string;
  /** What the client should do about it. */
  readonly action: string;
  /** The description of the schema type, where it differs from `meaning`. */
  readonly typeDescription?: string;
  /**
   * Whether the same request can be sent again unchanged without the risk of paying twice. A text says
   * when, and the class decides.
   */
  readonly retryable: boolean | string;
  /** The mutations whose result union contains the type. */
  readonly mutations: readonly Mutation[];
  /** Whether its schema type has `upstreamCode` and `upstreamMessage`. */
  readonly fromUpstream?: true;
  /** What the operator can do about it, for the log. */
  readonly fix?: string;
}

const SUBMITS: readonly Mutation[] = ['generateVideo', 'extendVideo'];
/** The mutations of sequences that cost money. */
const FILMS: readonly Mutation[] = ['createSequence', 'resumeSequence'];

/** Infers the codes and checks the entries. */
function toTable<Code extends string>(entries: Readonly<Record<Code, ErrorEntry>>) {
  return entries;
}

export const ERROR_TABLE = toTable({
  INVALID_INPUT: {
    type: 'InvalidInputError',
    meaning: 'The gateway or the upstream (422) refused the input.',
    action: 'Nothing was started. Change the input.',
    typeDescription:
      'The input is invalid. The gateway refused it before any upstream call, or the upstream refused it (422).',
    retryable: false,
    mutations: [...SUBMITS, ...FILMS],
    fromUpstream: true,
  },
  VIDEO_NOT_FOUND: {
    type: 'VideoNotFoundError',
    meaning: 'The video does not exist or belongs to another owner (404).',
    action: 'Check the id and the signed-in user.',
    typeDescription: 'The video does not exist, or belongs to another owner (404).',
    retryable: false,
    mutations: ['extendVideo', 'withdrawVideo', 'deleteVideo'],
    fromUpstream: true,
  },
  SOURCE_UNAVAILABLE: {
    type: 'SourceUnavailableError',
    message: 'The upstream could not fetch the image. Is its address public?',
    meaning: 'The upstream could not fetch the image (451).',
    action: 'Use a public address, or leave the image out.',
    retryable: false,
    mutations: SUBMITS,
    fromUpstream: true,
  },
  RATE_LIMITED: {
    type: 'RateLimitedError',
    message: 'Too many requests. Nothing was started; try again later.',
    meaning: 'Too many requests (429). Nothing was started.',
    action: 'Retry after `retryAfter`.',
    retryable: true,
    mutations: [...SUBMITS, ...FILMS],
    fromUpstream: true,
  },
  UPSTREAM_UNAUTHORIZED: {
    type: 'UpstreamUnauthorizedError',
    message: "The upstream refused the gateway's key. An operator has to act.",
    meaning: "The upstream refused the gateway's API key (401). An operator has to act.",
    action: 'Do not retry.',
    retryable: false,
    mutations: SUBMITS,
    fromUpstream: true,
    fix: 'Set APIKLEY_API_KEY to a valid key of this upstream.',
  },
  INSUFFICIENT_CREDITS: {
    type: 'InsufficientCreditsError',
    message:
      "The gateway's account at the upstream has no credits left. Nothing was started; an operator has to act.",
    meaning:
      "The gateway's account at the upstream has no credits left, or a limit of its key is reached (402, 433). Nothing was started. An operator has to act.",
    action: 'Retry only if `retryAfter` is set.',
    typeDescription:
      "The gateway's account at the upstream has no credits left, or a limit of its key is reached (402, 433). Nothing was started. An operator has to act. For some time the gateway refuses further submits without asking the upstream and sets `retryAfter`.",
    retryable: 'if `retryAfter` is set',
    mutations: SUBMITS,
    fromUpstream: true,
    fix: 'Buy credits for the upstream account, or raise the limit of its key.',
  },
  UPSTREAM_MAINTENANCE: {
    type: 'UpstreamMaintenanceError',
    message: 'The upstream is under maintenance. Nothing was started; try again later.',
    meaning: 'The upstream is under maintenance (455). Nothing was started.',
    action: 'Retry later.',
    retryable: true,
    mutations: SUBMITS,
    fromUpstream: true,
  },
  UPSTREAM_ERROR: {
    type: 'UpstreamError',
    meaning: 'The upstream answered with an error that has no code of its own here.',
    action:
      'On a submit with a `video`: the task may have been started and paid for; do not submit again, watch the video. On a submit without a `video`: nothing was started. On a read: retry if `retryable`.',
    typeDescription:
      'The upstream answered with an error that has no type of its own. If `video` is set, the task may have been started.',
    retryable: 'on reads, for 5xx',
    mutations: SUBMITS,
    fromUpstream: true,
  },
  UPSTREAM_UNREACHABLE: {
    type: 'UpstreamUnreachableError',
    message: 'The upstream could not be reached. Nothing was started.',
    meaning: 'The gateway could not connect to the upstream. Nothing was started.',
    action: 'Retry.',
    retryable: true,
    mutations: SUBMITS,
  },
  OUTCOME_UNKNOWN: {
    type: 'OutcomeUnknownError',
    message:
      'The upstream may have started this task, but its answer was lost. Watch the video: its state changes when the upstream reports on it. A new submit may be paid a second time.',
    meaning:
      'The request was sent but no readable answer came, or an earlier submit with the same key had this outcome. The task may exist and may have been paid for.',
    action: 'Do not submit again; watch its `video`.',
    typeDescription:
      'The request was sent but no readable answer came, or an earlier submit with the same key had this outcome. The task may exist and may have been paid for. Do not submit again. Watch `video`; its state changes when the upstream reports on the task.',
    retryable: false,
    mutations: SUBMITS,
  },
  IDEMPOTENCY_CONFLICT: {
    type: 'IdempotencyConflictError',
    message:
      'This idempotencyKey was already used with another input. Use a new key for a new task.',
    meaning: 'The idempotency key was already used with a different input.',
    action: 'Use a new key for a new task.',
    retryable: false,
    mutations: [...SUBMITS, ...FILMS],
  },
  TOO_LATE: {
    type: 'TooLateError',
    message: 'The state of the video no longer allows this.',
    meaning: 'The state of the video does not allow this.',
    action: 'Look at the state of its `video`.',
    retryable: false,
    mutations: ['withdrawVideo', 'deleteVideo'],
  },
  SEQUENCE_NOT_FOUND: {
    type: 'SequenceNotFoundError',
    meaning: 'The sequence does not exist or belongs to another owner.',
    action: 'Check the id and the signed-in user.',
    typeDescription: 'The sequence does not exist, or belongs to another owner.',
    retryable: false,
    mutations: ['resumeSequence', 'cancelSequence'],
  },
  CURSOR_EXPIRED: {
    message:
      'The log no longer contains this cursor. Read `videos`, then continue from a new cursor.',
    meaning: 'The completions after this cursor have been pruned.',
    action: 'Read `videos`, then continue from a new cursor.',
    retryable: false,
    mutations: [],
  },
  GATEWAY_UNAVAILABLE: {
    type: 'GatewayUnavailableError',
    message: 'The gateway cannot serve this now; try again shortly.',
    meaning:
      'The gateway cannot serve requests now. Nothing was started, except perhaps a sequence: a database that fails during a commit may have stored it.',
    action: 'Retry unchanged.',
    retryable: true,
    mutations: [...SUBMITS, ...FILMS, 'cancelSequence', 'withdrawVideo', 'deleteVideo'],
  },
  UNAUTHENTICATED: {
    message:
      'Authentication is required: send a valid, unexpired bearer token in the Authorization header.',
    meaning: 'The request has no valid credentials.',
    action: 'Sign in again, then retry.',
    retryable: false,
    mutations: [],
  },
  INTERNAL: {
    message: 'Something went wrong inside the gateway.',
    meaning:
      'A bug in the gateway; its log has the details. The outcome of the request is unknown.',
    action: 'Retry a submit only with the same `idempotencyKey`.',
    retryable: false,
    mutations: [],
  },
});

export type ErrorCode = keyof typeof ERROR_TABLE;

export const ERROR_CODES = Object.keys(ERROR_TABLE) as readonly ErrorCode[];

/** Whether a submit can end with this error. */
export function isSubmitError(code: ErrorCode): boolean {
  return ERROR_TABLE[code].mutations.some((mutation) => SUBMITS.includes(mutation));
}
