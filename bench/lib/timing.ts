/** How long single requests take, in ms. */

import { request } from 'undici';

export async function timeEach(count: number, ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const begun = performance.now();
    await ask();
    times.push(performance.now() - begun);
  }
  return times;
}

/** Asks every 20 ms for what costs nothing: what it waits for is the event loop. */
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
