/** What a long film is at. */

import type { SequenceFieldsFragment, VideoFieldsFragment } from './gql/graphql.ts';
import { isEnded } from './words.ts';

export type FilmFields = SequenceFieldsFragment;

/** A video of the film: what it begins with, or a shot. */
export interface Part {
  /** 0: what it begins with. */
  readonly number: number;
  readonly prompt: string;
  /** Null until it is made. */
  readonly video: VideoFieldsFragment | null;
}

export function toParts({ start, shots }: FilmFields): Part[] {
  return [{ number: 0, prompt: start?.prompt ?? '', video: start }, ...shots];
}

/** The part on the screen: what failed, what is being made, or else the newest that is ready. */
export function findShown(film: FilmFields): Part | undefined {
  const parts = toParts(film);
  const failed = parts.find(({ video }) => video && video.id === film.problem?.video?.id);
  const open = parts.find(({ video }) => video && !isEnded(video.state));
  return failed ?? open ?? parts.findLast(({ video }) => video?.state === 'SUCCEEDED') ?? parts[0];
}

export const countReady = ({ shots }: { shots: readonly { video: { state: string } | null }[] }) =>
  shots.filter(({ video }) => video?.state === 'SUCCEEDED').length;

export const toName = (number: number) => (number === 0 ? 'The beginning' : `Shot ${number}`);

/** Not what it begins with, which may have to be read from the upstream. */
export const toFilmTitle = ({ shots }: { readonly shots: readonly { prompt: string }[] }) =>
  shots[0]?.prompt || 'Untitled';
