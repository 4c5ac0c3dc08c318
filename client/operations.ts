/** The documents that the client sends. */

import {
  type ExtendVideoInput,
  type GenerateVideoInput,
  VIDEO_FIELDS,
  type Video,
} from './schema.ts';

export interface SubmitInput {
  readonly extendVideo: ExtendVideoInput;
  readonly generateVideo: GenerateVideoInput;
}

/** The answer to a submit. `maybe` and `unknown`: the task may have been started. */
export interface SubmitResult {
  readonly video?: Video;
  readonly cursor?: string;
  readonly unknown?: Video;
  readonly maybe?: Video | null;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly retryAfter?: number | null;
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
}

export function toMutation(operation: keyof SubmitInput): string {
  const type = operation === 'extendVideo' ? 'ExtendVideo' : 'GenerateVideo';
  return `mutation ${type}($input: ${type}Input!) { result: ${operation}(input: $input) {
    ... on ${type}Success { cursor video ${VIDEO_FIELDS} }
    ... on GatewayError { code message retryable retryAfter }
    ... on InvalidInputError { issues { path message } }
    ... on OutcomeUnknownError { unknown: video ${VIDEO_FIELDS} }
    ... on UpstreamError { maybe: video ${VIDEO_FIELDS} }
  } }`;
}

export const VIDEO = `query Video($id: ID!) { video(taskId: $id) ${VIDEO_FIELDS} }`;
export const VIDEO_UPDATED = `subscription VideoUpdated($id: ID!) { video: videoUpdated(taskId: $id) ${VIDEO_FIELDS} }`;
export const VIDEO_EXTENDED = `subscription VideoExtended($after: String!) { completion: videoExtended(after: $after) { cursor video ${VIDEO_FIELDS} } }`;
export const COMPLETIONS = `query Completions($after: String) { completions(first: 100, after: $after) { edges { node { cursor video ${VIDEO_FIELDS} } } pageInfo { endCursor hasNextPage } } }`;
/** Only for its end. */
export const LOG_END = `query LogEnd($after: String) { completions(first: 100, after: $after) { pageInfo { endCursor hasNextPage } } }`;
