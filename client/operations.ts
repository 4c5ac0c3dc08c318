/** The documents that the client sends. */

import {
  type CreateSequenceInput,
  type ExtendVideoInput,
  type GenerateVideoInput,
  type ResumeSequenceInput,
  SEQUENCE_FIELDS,
  type Sequence,
  VIDEO_FIELDS,
  type Video,
} from './schema.ts';

/** What each paid mutation takes, and what it makes. */
export interface Submits {
  readonly extendVideo: { readonly input: ExtendVideoInput; readonly made: Video };
  readonly generateVideo: { readonly input: GenerateVideoInput; readonly made: Video };
  readonly createSequence: { readonly input: CreateSequenceInput; readonly made: Sequence };
  readonly resumeSequence: { readonly input: ResumeSequenceInput; readonly made: Sequence };
}
export type SubmitName = keyof Submits;
export const SUBMIT_NAMES: readonly SubmitName[] = [
  'extendVideo',
  'generateVideo',
  'createSequence',
  'resumeSequence',
];
export type Made = Submits[SubmitName]['made'];

/** The answer to a submit. `video` and `maybe`: an error whose task may have been started. */
export interface SubmitResult<Task extends Made> {
  readonly made?: Task;
  readonly cursor?: string;
  readonly video?: Task;
  readonly maybe?: Task | null;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly retryAfter?: number | null;
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
}

const VIDEO = `fragment Video on Video ${VIDEO_FIELDS}`;
/** Errors that a mutation cannot answer with do no harm inside of the interface. */
const REFUSAL = `fragment Refusal on GatewayError { code message retryable retryAfter
... on InvalidInputError { issues { path message } }
... on OutcomeUnknownError { video { ...Video } }
... on UpstreamError { maybe: video { ...Video } } }`;

export function toMutation(name: SubmitName | 'cancelSequence'): string {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  const [argument, input] = name === 'cancelSequence' ? ['id', 'ID'] : ['input', `${type}Input`];
  const made = isOfSequence(name)
    ? `made: sequence ${SEQUENCE_FIELDS}`
    : 'cursor made: video { ...Video }';
  return `mutation ${type}($${argument}: ${input}!) { result: ${name}(${argument}: $${argument}) {
... on ${type}Success { ${made} } ...Refusal } } ${REFUSAL} ${VIDEO}`;
}

/** How a video or a sequence is read and followed. */
export interface Reads {
  readonly type: string;
  readonly query: string;
  readonly subscription: string;
}

export function toReads(name: SubmitName): Reads {
  const [type, argument, fields] = isOfSequence(name)
    ? ['sequence', 'id', SEQUENCE_FIELDS]
    : ['video', 'taskId', '{ ...Video }'];
  const toRead = (field: string) =>
    `${field}($id: ID!) { made: ${field}(${argument}: $id) ${fields} } ${VIDEO}`;
  return {
    type,
    query: `query ${toRead(type)}`,
    subscription: `subscription ${toRead(`${type}Updated`)}`,
  };
}

export function isOfSequence(name: string): boolean {
  return name.endsWith('Sequence');
}

export const VIDEO_EXTENDED = `subscription VideoExtended($after: String!) { node: videoExtended(after: $after) { cursor video { ...Video } } } ${VIDEO}`;
export const COMPLETIONS = `query Completions($after: String) { completions(first: 100, after: $after) { edges { node { cursor video { ...Video } } } pageInfo { endCursor hasNextPage } } } ${VIDEO}`;
/** Only for its end. */
export const LOG_END = `query LogEnd($after: String) { completions(first: 100, after: $after) { pageInfo { endCursor hasNextPage } } }`;
