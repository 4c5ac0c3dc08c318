/** What a crash must not leave half done, recognised by the statements that write it. */

/** A new row, a waiting submit's place, the upstream's answer to a submit, or a task's end. */
export type Deed = 'row' | 'claim' | 'answer' | 'end';

export type StatementPoint =
  | `before the commit of the ${Deed}`
  | `${Deed} committed`
  | 'row leased';

export function toDeed(sql: string): Deed | null {
  if (sql.includes('insert into "video"')) return 'row';
  // `takeWaiting` alone sets this one.
  if (sql.includes('"earlier_token_hashes" = case')) return 'claim';
  // PostgreSQL ends a confirmed task with one statement, which begins with its update.
  if (sql.includes('insert into "completion"')) return 'end';
  // `confirmSubmit` alone sets these two, in this order.
  return /^update "video" set "task_id" = .*"lease_until" = /s.test(sql) ? 'answer' : null;
}

export function isLease(sql: string): boolean {
  return sql.startsWith('update "video" set "lease_until"');
}

/** Whether the statement changes something, or commits a change. */
export function isWrite(sql: string): boolean {
  return /^(insert|update|delete|with|commit)\b/.test(sql);
}

/** Follows the statements of one connection: a transaction's commit commits all of its deeds. */
export interface DeedTracker {
  /** The points that are reached when the statement is about to be executed. */
  before(sql: string): StatementPoint[];
  /** The points that are reached now that it has been. */
  after(sql: string): StatementPoint[];
}

export function createDeedTracker(): DeedTracker {
  let isInTransaction = false;
  const deeds: Deed[] = [];
  /** Their number when the current savepoint began. */
  let savedDeeds = 0;

  /** What the statement commits. */
  function committedBy(sql: string): readonly Deed[] {
    if (sql === 'commit') return deeds;
    const deed = isInTransaction ? null : toDeed(sql);
    return deed ? [deed] : [];
  }

  return {
    before: (sql) => committedBy(sql).map((deed) => `before the commit of the ${deed}` as const),
    after(sql) {
      const points = committedBy(sql).map((deed) => `${deed} committed` as const);
      const deed = toDeed(sql);
      if (deed && isInTransaction) deeds.push(deed);
      if (sql.startsWith('begin')) isInTransaction = true;
      if (sql === 'savepoint member') savedDeeds = deeds.length;
      if (sql === 'rollback to member') deeds.length = savedDeeds;
      if (sql === 'commit' || sql === 'rollback') {
        isInTransaction = false;
        deeds.length = 0;
      }
      return points;
    },
  };
}
