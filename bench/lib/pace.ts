/** How long everything is measured, and how often. */

export interface Pace {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly deliveryRounds: number;
  readonly crowd: number;
  /** Stored rows: of a young database, and of an old one. */
  readonly history: readonly [number, number];
}
