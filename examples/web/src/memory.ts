/** Drafts, which survive a reload. */

import { namespace } from './session.ts';
import { local, store } from './storage.ts';

type Drafts = Readonly<Record<string, string>>;

const KEY = `${namespace}.drafts`;
const MAX_DRAFTS = 20;

/** By form, the newest last. */
export function recallDrafts(): Drafts {
  try {
    return JSON.parse(local?.getItem(KEY) ?? '{}');
  } catch {
    return {};
  }
}

function remember(drafts: [string, string][]): void {
  store(local, KEY, JSON.stringify(Object.fromEntries(drafts.slice(-MAX_DRAFTS))));
}

export function rememberDraft(form: string, text: string): void {
  const others = Object.entries(recallDrafts()).filter(([name]) => name !== form);
  remember(text.trim() === '' ? others : [...others, [form, text]]);
}

/** Deletes the drafts of a prompt that was sent, in every form. */
export function forgetDraft(prompt: string): void {
  remember(Object.entries(recallDrafts()).filter(([, text]) => text.trim() !== prompt));
}
