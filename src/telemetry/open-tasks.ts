/** The database's part of a scrape, which must not cost much nor hold one up. */

import { countOpenTasks, type OpenTasks } from '../store/open-tasks.ts';
import type { Database } from '../store/schema.ts';
import { within } from '../within.ts';

/** Several scrapers share one look. */
const FRESH_MS = 5_000;
/** A scrape has some ten seconds in all, and everything else in it is known at once. */
const PATIENCE_MS = 1_000;

/** Null while the database does not answer; that is asked anew at each scrape. */
export function createOpenTasksReader(db: Database): () => Promise<OpenTasks | null> {
  let known: { readonly tasks: OpenTasks; readonly at: number } | undefined;
  let underWay: Promise<OpenTasks | null> | undefined;

  async function read(): Promise<OpenTasks | null> {
    try {
      const tasks = await countOpenTasks(db);
      known = { tasks, at: performance.now() };
      return tasks;
    } catch {
      return null;
    } finally {
      underWay = undefined;
    }
  }

  return async () => {
    if (known && performance.now() - known.at < FRESH_MS) return known.tasks;
    underWay ??= read();
    return within(PATIENCE_MS, underWay, null);
  };
}
