/** A gateway with tokens behind a connection that can be cut, and the events that a client receives. */

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type Line, startLine } from '../browser/support/line.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { createQueue } from '../support/queue.ts';
import { bearerOf, JWT_ENV } from '../support/tokens.ts';

export interface World extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly line: Line;
  /** Where clients find the gateway: at the far end of the line. */
  readonly url: string;
  /** A good token, as a client keeps it: without "Bearer". */
  readonly getToken: () => string;
  readonly gateway: TestGateway;
  listen<T>(begin: Begin<T>): Ear<T>;
}

/** @returns how to stop, which is done when the world ends. */
type Begin<T> = (hear: (item: T) => void, fail: (error: unknown) => void) => () => void;

/** No task moves by itself: each test says when. */
export async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await startSandbox({ autoplay: false }));
  const gateway = stack.use(await startGateway(sandbox, JWT_ENV));
  const line = stack.use(await startLine(gateway.url));
  const owned = stack.move();
  const authorization = bearerOf('alice');
  return {
    sandbox,
    line,
    url: `${line.url}/graphql`,
    getToken: () => authorization.replace('Bearer ', ''),
    gateway,
    listen<T>(begin: Begin<T>) {
      const ear = createEar<T>();
      owned.defer(begin(ear.hear, ear.fail));
      return ear;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a client calls back with, taken in order. */
export interface Ear<T> {
  /** @throws what the client failed with. */
  next(): Promise<T>;
}

function createEar<T>(): Ear<T> & { hear(item: T): void; fail(error: unknown): void } {
  const items = createQueue<T>();
  let fault: unknown = new Error('The stream has ended');
  return {
    hear: items.push,
    fail(error) {
      fault = error;
      items.end();
    },
    async next() {
      const item = await items.next();
      if (item === undefined) throw fault;
      return item;
    },
  };
}

/** Three tasks end: before the line is cut, while it is, and when it is whole again. */
export async function hearOverACut<T>(
  { sandbox, line }: World,
  ear: Ear<T>,
  taskIds: readonly string[],
): Promise<T[]> {
  const [first = '', second = '', third = ''] = taskIds;
  await sandbox.complete(first);
  const heard = [await ear.next()];
  line.cut();
  await sandbox.complete(second);
  line.mend();
  heard.push(await ear.next());
  // A repeated event would arrive before this one.
  await sandbox.complete(third);
  heard.push(await ear.next());
  return heard;
}

/** Cuts the connection during the submit; then it is sent again, and answered. */
export async function submitOverACut<T>(
  { sandbox, line }: World,
  submit: () => Promise<T>,
): Promise<T> {
  const lost = submit();
  lost.catch(() => {});
  const { taskId } = await sandbox.nextRequest((request) => request.taskId !== null);
  line.cut();
  await lost.then(
    () => Promise.reject(new Error('The answer was not lost')),
    () => {},
  );
  line.mend();
  const again = submit();
  sandbox.answer(taskId ?? '');
  return again;
}

/** How many submits have reached the upstream. */
export function countSubmits(sandbox: Sandbox): number {
  return sandbox.requests.filter(({ method }) => method === 'POST').length;
}

type Success<T> = Extract<T, { __typename: 'ExtendVideoSuccess' }>;

/** @throws whatever else was answered. */
export function toSuccess<T extends { __typename: string }>(result: T): Success<T> {
  if (result.__typename !== 'ExtendVideoSuccess') throw new Error(JSON.stringify(result));
  return result as Success<T>;
}
