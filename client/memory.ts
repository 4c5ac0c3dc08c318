/** What outlives a reload: submits that are under way, and the cursor of the last completion. */

import type { SubmitInput } from './operations.ts';

/** `localStorage` is one. */
export interface ClientStorage {
  getItem(name: string): string | null | Promise<string | null>;
  setItem(name: string, value: string): void | Promise<void>;
  removeItem(name: string): void | Promise<void>;
  /** The names of all items. Without it they are the object's own properties, as of `localStorage`. */
  keys?: () => Iterable<string> | Promise<Iterable<string>>;
}

/** A submit until its video has ended. */
export interface StoredSubmit {
  readonly operation: keyof SubmitInput;
  readonly input: SubmitInput[keyof SubmitInput] & { readonly idempotencyKey: string };
  /** When it was sent first, in epoch milliseconds. */
  readonly startedAt: number;
  /** The id of the video, once an answer has named it. */
  readonly id: string | null;
}

export interface Memory {
  keep(submit: StoredSubmit): Promise<void>;
  forget(submit: StoredSubmit): Promise<void>;
  list(): Promise<StoredSubmit[]>;
  readCursor(): Promise<string | null>;
  writeCursor(cursor: string): Promise<void>;
}

/** Each submit is an item of its own, so that two tabs never overwrite each other's. */
export function createMemory(storage: ClientStorage, namespace: string): Memory {
  const prefix = `${namespace}.submit.`;
  const cursorName = `${namespace}.cursor`;
  const toName = ({ input }: StoredSubmit) => prefix + input.idempotencyKey;

  return {
    async keep(submit) {
      await storage.setItem(toName(submit), JSON.stringify(submit));
    },
    async forget(submit) {
      await storage.removeItem(toName(submit));
    },
    async list() {
      const names =
        typeof storage.keys === 'function' ? await storage.keys() : Object.keys(storage);
      const items = await Promise.all(
        [...names].filter((name) => name.startsWith(prefix)).map((name) => storage.getItem(name)),
      );
      // Another tab may have removed one meanwhile.
      const submits = items.flatMap((text): StoredSubmit[] => (text ? [JSON.parse(text)] : []));
      return submits.sort((a, b) => a.startedAt - b.startedAt);
    },
    readCursor: async () => storage.getItem(cursorName),
    async writeCursor(cursor) {
      await storage.setItem(cursorName, cursor);
    },
  };
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
