/** What the browser stores for this page. It may block its storages, and they may be full. */

/** Null: the browser blocks it. */
export const local = open(() => localStorage);
export const session = open(() => sessionStorage);

function open(get: () => Storage): Storage | null {
  try {
    return get();
  } catch {
    return null;
  }
}

/** For conveniences, such as drafts: a full storage forgets them, and the page works without them. */
export function store(storage: Storage | null, name: string, value: string): void {
  try {
    storage?.setItem(name, value);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
