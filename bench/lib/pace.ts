/** How long each measurement takes, and how often it is repeated. */

export interface Pace {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly deliveryRounds: number;
  readonly historyRounds: number;
  readonly crowd: number;
  /** Stored rows of a young database and of an old one. */
  readonly history: readonly [number, number];
}

export const QUICK: Pace = {
  warmUpSeconds: 1,
  seconds: 1,
  rounds: 1,
  deliveryRounds: 1,
  historyRounds: 1,
  crowd: 500,
  history: [100, 10_000],
};

export const WHOLE: Pace = {
  warmUpSeconds: 3,
  seconds: 1,
  rounds: 9,
  deliveryRounds: 5,
  historyRounds: 5,
  crowd: 5_000,
  history: [10_000, 1_000_000],
};
