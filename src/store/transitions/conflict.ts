/** Two transactions that claim the same key or task id at the same moment. */

/** Unique violation: SQLSTATE on PostgreSQL. SQLite has one writer, so that it cannot happen there. */
const UNIQUE_VIOLATION = '23505';

/**
 * Runs a transition again when another transaction committed a claim between its check and its write:
 * the second run sees that claim.
 */
export async function withOneRetry<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION))
      throw error;
    return run();
  }
}
