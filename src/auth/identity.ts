/** What is known of a caller. */
export interface Identity {
  /** `jwt:<iss or ->:<subject>`, `key:<name>` or `open`. */
  readonly owner: string;
  /** When the proof of it ends, in epoch milliseconds; null: never. */
  readonly expiresAt: number | null;
}
