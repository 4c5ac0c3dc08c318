/**
 * How much a long test does. `npm test` is for every change and does a few rounds; `npm run test:all`
 * does all of them. Tests count rounds and never seconds, so that a slow machine checks as much.
 */
export function chooseRounds({ few, all }: { few: number; all: number }): number {
  return process.env.TEST_ALL === 'on' ? all : few;
}
