/** Times single requests, in ms. */

import { request } from 'undici';
import { median } from './report.ts';

export async function timeEach(count: number, ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const begun = performance.now();
    await ask();
    times.push(performance.now() - begun);
  }
  return times;
}

const TURN = 10;

/**
 * How many times as long the second of two requests takes, by the medians of `count` each. They take turns,
 * so that other load on the machine affects both.
 */
export async function compareTimes(
  count: number,
  [ask, askOther]: readonly [() => Promise<unknown>, () => Promise<unknown>],
): Promise<number> {
  const [times, others]: [number[], number[]] = [[], []];
  while (times.length < count) {
    times.push(...(await timeEach(TURN, ask)));
    others.push(...(await timeEach(TURN, askOther)));
  }
  return median(others) / median(times);
}

/** Requests /health every 20 ms. It costs nothing, so its time is what it waits for the event loop. */
export function startProbe(url: string) {
  const times: number[] = [];
  let isStopped = false;
  const running = (async () => {
    while (!isStopped) {
      const begun = performance.now();
      await (await request(url)).body.dump();
      times.push(performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await running;
      return times;
    },
  };
}
