/** Where crashes are staged: the gateways, their database, and whatever is killed. */

import type { ChildGateway } from '../support/child-gateway.ts';
import type { InnerPoint } from './inside.ts';

/** What is in flight at the crash. */
export type During = 'submit' | 'callback' | 'read';
/** A place in the gateway or on its way to the database, or the arrival of a request upstream. */
export type At = InnerPoint | 'POST received' | 'GET received';

export interface Site extends AsyncDisposable {
  /** All share one database. */
  readonly gateways: readonly ChildGateway[];
  /**
   * Has the next crash come when the point is reached for the n-th time from now on.
   *
   * @param turn chooses what is killed, where there is a choice.
   */
  arm(at: At, nth: number, turn: number): Promise<ArmedCrash>;
  /** Resolves when all gateways serve again after a crash. */
  recover(): Promise<void>;
  /** Ends the gateways in an orderly way, and reads what they have stored. */
  conclude(): Promise<Stored>;
}

export interface ArmedCrash {
  /** The gateways to which the submits of the round go. */
  readonly receivers: readonly ChildGateway[];
  /** Resolves when what was to be killed is gone. */
  readonly happened: Promise<void>;
  /**
   * Whether a process is killed: the key of a row whose request it had not sent stays taken, because
   * nobody else knows whether the request has left.
   */
  readonly mayBurnKeys: boolean;
}

export interface Stored {
  /** Without tombstones. */
  readonly rows: readonly StoredRow[];
  /** The rows' ids in the order of their completions. */
  readonly log: readonly string[];
}

export interface StoredRow {
  readonly id: string;
  readonly prompt: string;
  readonly task_id: string | null;
  readonly state: string;
  /** How many completions the row has. */
  readonly entries: number;
}

export const READ_ROWS = `
  select id, prompt, task_id, state,
    (select count(*) from completion where video_row = video.id) as entries
  from video where state <> 'REJECTED'`;
export const READ_LOG = 'select video_row as id from completion order by number';

/** Settings with which lost callbacks are found at once. */
export const SITE_ENV = {
  AUTH: 'none',
  RECONCILE_AFTER_MS: '100',
  UPSTREAM_REQUESTS: '200',
  UPSTREAM_WINDOW_MS: '100',
  UPSTREAM_BREAKER: 'off',
  // Never reached, but every submit is counted.
  OWNER_SUBMITS_PER_DAY: '1000000',
  SUBMITS_PER_DAY: '1000000',
};
