/** How long everything is measured, and how often. */

export interface Pace {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly deliveryRounds: number;
  readonly crowd: number;
}
