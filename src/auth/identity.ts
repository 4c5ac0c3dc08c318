/** An authenticated caller. */
export interface Identity {
  /** `jwt:<iss or ->:<subject>`, `key:<name>` or `open`. */
  readonly owner: string;
  /** When the token expires, in epoch milliseconds; null: never. */
  readonly expiresAt: number | null;
}
