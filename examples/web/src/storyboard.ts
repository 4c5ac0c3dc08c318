/** The shots of a storyboard while they are written. */

import type { ShotInput, VideoQuality } from '../../../client/index.ts';
import { recallDrafts, rememberDraft } from './memory.ts';

export interface DraftShot {
  /** Stays with the card while it is moved. */
  readonly id: string;
  readonly prompt: string;
  /** Only of a shot that is replaced, which keeps its own settings. */
  readonly quality?: VideoQuality;
  readonly waterMark?: string;
}

/** The drafts of a new storyboard. */
export const ORIGINAL_DRAFT = 'storyboard original';
export const SHOTS_DRAFT = 'storyboard shots';

let shots = 0;

export function createShot(prompt = '', settings: Omit<ShotInput, 'prompt'> = {}): DraftShot {
  shots += 1;
  const { quality, waterMark } = settings;
  return {
    id: `shot-${shots}`,
    prompt,
    ...(quality && { quality }),
    ...(typeof waterMark === 'string' && { waterMark }),
  };
}

export function toShotInputs(drafts: readonly DraftShot[]): ShotInput[] {
  return drafts.map(({ id: _, prompt, ...settings }) => ({ prompt: prompt.trim(), ...settings }));
}

export function moveShot(all: readonly DraftShot[], from: number, to: number): DraftShot[] {
  const rest = all.filter((_, index) => index !== from);
  const moved = all.slice(from, from + 1);
  return [...rest.slice(0, to), ...moved, ...rest.slice(to)];
}

/** What was written before a reload; otherwise the fallback. */
export function recallShots(draft: string, fallback: readonly ShotInput[]): DraftShot[] {
  const text = recallDrafts()[draft];
  const inputs: readonly ShotInput[] = text ? JSON.parse(text) : fallback;
  return inputs.map(({ prompt, ...settings }) => createShot(prompt, settings));
}

export function rememberShots(draft: string, drafts: readonly DraftShot[]): void {
  const isEmpty = drafts.every(({ prompt }) => prompt.trim() === '');
  rememberDraft(draft, isEmpty ? '' : JSON.stringify(toShotInputs(drafts)));
}

/** Begins the next storyboard with these words. */
export function draftStoryboard(original: string, inputs: readonly ShotInput[]): void {
  rememberDraft(ORIGINAL_DRAFT, original);
  rememberDraft(SHOTS_DRAFT, JSON.stringify(inputs));
}

export function forgetStoryboard(): void {
  rememberDraft(ORIGINAL_DRAFT, '');
  rememberDraft(SHOTS_DRAFT, '');
}

/** What the form calls a field of the input, whose shots are named by their cards. */
export function toFieldName(
  [field = '', card]: readonly string[],
  drafts: readonly DraftShot[],
  first = 1,
): string {
  if (field === 'start') return 'The beginning';
  if (field !== 'shots') return field;
  const index = drafts.findIndex(({ id }) => id === card);
  return index < 0 ? 'Shots' : `Shot ${first + index}`;
}
