/** What outlives a reload: submits that are under way, and the cursor of the last completion. */

import { LongtakeError } from './error.ts';
import { SUBMIT_NAMES, type SubmitName, type Submits } from './operations.ts';

/** `localStorage` is one. */
export interface ClientStorage {
  getItem(name: string): string | null | Promise<string | null>;
  setItem(name: string, value: string): void | Promise<void>;
  removeItem(name: string): void | Promise<void>;
  /** The names of all items. Without it they are the object's own properties, as of `localStorage`. */
  keys?: (() => Iterable<string> | Promise<Iterable<string>>) | undefined;
}

/** A submit until its video or its sequence has ended. */
export interface StoredSubmit<Name extends SubmitName = SubmitName> {
  readonly operation: Name;
  readonly input: Submits[Name]['input'] & { readonly idempotencyKey: string };
  /** When it was sent first, in epoch milliseconds. */
  readonly startedAt: number;
  /** The id of the video or the sequence, once an answer has named it. */
  readonly id: string | null;
}

/** Its methods throw a LongtakeError if the storage fails. */
export interface Memory {
  /** The name of its item. */
  toName(submit: StoredSubmit): string;
  keep<Name extends SubmitName>(submit: StoredSubmit<Name>): Promise<void>;
  find(name: string): Promise<StoredSubmit | undefined>;
  forget(name: string): Promise<void>;
  list(): Promise<StoredSubmit[]>;
  readCursor(): Promise<string | null>;
  writeCursor(cursor: string): Promise<void>;
}

/** Each submit is an item of its own, so that two tabs never overwrite each other's. */
export function createMemory(storage: ClientStorage, namespace: string): Memory {
  const prefix = `${namespace}.submit.`;
  const cursorName = `${namespace}.cursor`;

  /** As the gateway tells keys apart: those of videos, of sequences, and of the resumes of each. */
  function toName({ operation, input }: StoredSubmit): string {
    const { idempotencyKey } = input;
    if (operation === 'createSequence') return `${prefix}sequence.${idempotencyKey}`;
    if ('id' in input) return `${prefix}${input.id}.${idempotencyKey}`;
    return prefix + idempotencyKey;
  }

  return {
    toName,
    keep: (submit) => use(() => storage.setItem(toName(submit), JSON.stringify(submit))),
    find: (name) => use(async () => parse(await storage.getItem(name))[0]),
    forget: (name) => use(() => storage.removeItem(name)),
    list: () =>
      use(async () => {
        const names =
          typeof storage.keys === 'function' ? await storage.keys() : Object.keys(storage);
        const items = await Promise.all(
          [...names].filter((name) => name.startsWith(prefix)).map((name) => storage.getItem(name)),
        );
        return items.flatMap(parse).sort((a, b) => a.startedAt - b.startedAt);
      }),
    readCursor: () => use(() => storage.getItem(cursorName)),
    writeCursor: (cursor) => use(() => storage.setItem(cursorName, cursor)),
  };
}

async function use<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const message = 'The storage has failed.';
    throw new LongtakeError({ code: 'STORAGE_FAILED', message }, { cause });
  }
}

/** Equal for inputs that differ only in the order of their fields, in empty fields, or in what is not compared. */
export function toText(input: object): string {
  return JSON.stringify(input, (name, value) => {
    if (name === 'whenBusy' || !value) return;
    return value.constructor === Object ? Object.fromEntries(Object.entries(value).sort()) : value;
  });
}

/** None if another tab has removed it meanwhile, or another version of the client has written it. */
function parse(text: string | null): StoredSubmit[] {
  try {
    const submit = JSON.parse(text ?? '{}');
    return SUBMIT_NAMES.includes(submit.operation) ? [submit] : [];
  } catch {
    return [];
  }
}

/** Forgets everything with the page or the process. */
export function createTransientStorage(): ClientStorage {
  const items = new Map<string, string>();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
    keys: () => items.keys(),
  };
}
