/** The words in a prompt that choose what the stand-in does. docs/sandbox.md shows this table. */

/** How a task ends: `code` and `msg` are those of its callback. */
export interface Outcome {
  readonly code: 200 | 400 | 500;
  readonly msg: string;
}

export const SUCCESS: Outcome = { code: 200, msg: 'All generated successfully.' };

/** How an accepted request is answered. Its task continues in any case. */
export type Answering =
  | 'at once'
  | 'late'
  | 'after callback'
  | 'never'
  | 'connection cut'
  | 'cut off'
  | 'empty'
  | 'no task id'
  | 'error';

/** Deviations from the default: accepted, and succeeds. */
export interface Behaviour {
  /** The request is refused and no task is created. */
  readonly refusal?: {
    readonly code: number;
    /** `page` is a proxy's HTML. */
    readonly as: 'envelope' | 'status' | 'page';
    /** Only the first request with this prompt. */
    readonly once?: boolean;
  };
  readonly answering?: Answering;
  readonly outcome?: Outcome;
  /** The outcome is that of the first task with this prompt only; later ones succeed. */
  readonly isFirstOnly?: boolean;
  /** A factor for the duration of each step. */
  readonly pace?: number;
  readonly endless?: boolean;
  /** The number of callbacks, sent one after the other. */
  readonly callbacks?: number;
  readonly withoutUrl?: boolean;
  readonly expired?: boolean;
}

export interface Scenario {
  readonly word: string;
  readonly description: string;
  readonly behaviour: Behaviour;
}

/** The codes of refusals (402 and 433 were observed) and their `msg`. */
export const REFUSALS: Readonly<Record<number, string>> = {
  401: 'Unauthorized - Authentication credentials are missing or invalid',
  402: 'Insufficient Credits - The account does not have enough credits',
  404: 'Not Found - The requested resource or endpoint does not exist',
  422: 'Validation Error - The request parameters failed validation checks.',
  429: 'Rate Limited - Request limit has been exceeded for this resource',
  433: 'Request Limit - The limit of this key has been reached',
  451: 'Unauthorized - Failed to fetch the image.',
  455: 'Service Unavailable - System is currently undergoing maintenance',
  500: 'Server Error - An unexpected error occurred while processing the request',
};

export const SCENARIOS: readonly Scenario[] = [
  ...Object.keys(REFUSALS).flatMap((code) => [
    refused(Number(code)),
    refusedByStatus(Number(code)),
  ]),
  {
    word: '#busy',
    description:
      'Code 429 with `Retry-After` for the first request with this prompt. The next one is accepted.',
    behaviour: { refusal: { code: 429, as: 'envelope', once: true } },
  },
  {
    word: '#html-429',
    description: 'HTTP status 429 with an HTML page and `Retry-After`. No task is made.',
    behaviour: { refusal: { code: 429, as: 'page' } },
  },
  {
    word: '#html',
    description: 'HTTP status 502 with an HTML page. No task is made.',
    behaviour: { refusal: { code: 502, as: 'page' } },
  },

  accepted('#empty', 'The task is made; the answer is HTTP status 200 with no body.', {
    answering: 'empty',
  }),
  accepted('#cut-off', 'The task is made; the connection is cut halfway through the JSON.', {
    answering: 'cut off',
  }),
  accepted('#no-task-id', 'The task is made; the answer has code 200 and no `taskId`.', {
    answering: 'no task id',
  }),
  accepted('#500-made', 'The task is made; the answer has code 500.', { answering: 'error' }),
  accepted('#answer-lost', 'The task is made; the connection is cut without an answer.', {
    answering: 'connection cut',
  }),
  accepted('#timeout', 'The task is made; the answer never comes.', { answering: 'never' }),
  accepted('#slow-answer', "The task is made; the answer comes after ten steps' time.", {
    answering: 'late',
  }),
  accepted('#callback-first', 'The callback is sent and answered before the request is.', {
    answering: 'after callback',
  }),
  accepted('#callback-twice', 'The callback is sent twice.', { callbacks: 2 }),
  accepted('#callback-lost', 'The callback is never sent.', { callbacks: 0 }),
  accepted('#slow', 'Each step takes ten times as long.', { pace: 10 }),
  accepted('#forever', 'The task stays at `generating`.', { endless: true }),
  accepted('#no-url', 'The task succeeds with code 200 and empty URLs.', { withoutUrl: true }),
  accepted(
    '#expired',
    'The task succeeds with `expireFlag` 1; its files are gone. The callback has empty URLs.',
    { expired: true },
  ),

  fails('#bad-image', 'Get image info failed.'),
  fails('#inappropriate', 'Inappropriate content detected. Please replace the image or video.'),
  fails('#image-format', 'Incorrect image format.'),
  fails(
    '#membership',
    'Please try again later. You can upgrade to Standard membership to start generating now.',
  ),
  fails('#concurrency', 'Reached the limit for concurrent generations.'),
  fails('#dimensions', 'Unsupported width or height. Please adjust the size and try again.'),
  fails('#upload', 'Upload failed due to network reasons, please re-enter.'),
  fails(
    '#moderated',
    'Your prompt was caught by our AI moderator. Please adjust it and try again!',
  ),
  fails(
    '#too-long',
    'Your prompt/negative prompt cannot exceed 2048 characters. Please check if your input is too long.',
  ),
  fails(
    '#nsfw',
    "Your video creation prompt contains NSFW content, which isn't allowed under our policy. Kindly revise your prompt and generate again.",
  ),
  failsOnce('#upload-once', 'Upload failed due to network reasons, please re-enter.'),
  failsOnce(
    '#moderated-once',
    'Your prompt was caught by our AI moderator. Please adjust it and try again!',
  ),
  fails('#fail-500', 'An unexpected error occurred while processing the request', 500),
];

const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map(
  SCENARIOS.map(({ word, behaviour }) => [word, behaviour]),
);

/** Combines the behaviours of all words in the prompt. If two disagree, the later one wins. */
export function findBehaviour(prompt: string): Behaviour {
  // Whole words only: `#4290` does not contain `#429`, nor `#slow-answer` `#slow`.
  const words = prompt.toLowerCase().match(/#[a-z0-9]+(?:-[a-z0-9]+)*/g) ?? [];
  return Object.assign({}, ...words.map((word) => BEHAVIOURS.get(word)));
}

function refused(code: number): Scenario {
  const header = code === 429 ? ' with `Retry-After`' : '';
  return {
    word: `#${code}`,
    description: `Code ${code} under HTTP status 200${header}. No task is made.`,
    behaviour: { refusal: { code, as: 'envelope' } },
  };
}

function refusedByStatus(code: number): Scenario {
  const header = code === 429 ? ' with `Retry-After`' : '';
  return {
    word: `#http-${code}`,
    description: `Code ${code} under HTTP status ${code}${header}. No task is made.`,
    behaviour: { refusal: { code, as: 'status' } },
  };
}

function accepted(word: string, description: string, behaviour: Behaviour): Scenario {
  return { word, description, behaviour };
}

function fails(word: string, msg: string, code: 400 | 500 = 400): Scenario {
  const description = `The task fails with code ${code}: “${msg}”`;
  return { word, description, behaviour: { outcome: { code, msg } } };
}

function failsOnce(word: string, msg: string): Scenario {
  const description = `The first task with this prompt fails with code 400: “${msg}” The next ones succeed.`;
  return { word, description, behaviour: { outcome: { code: 400, msg }, isFirstOnly: true } };
}
