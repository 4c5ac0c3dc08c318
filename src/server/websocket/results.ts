/** What a subscription sends over its socket. */

import type { ExecutionArgs, ExecutionResult } from 'graphql';
import { toText } from '../graphql/result-text.ts';
import type { Connection } from './connection.ts';

/** The arguments of an operation, and whither its results go. */
export interface SocketArgs extends ExecutionArgs {
  readonly connection: Pick<Connection, 'send'>;
  /** The client's name for the operation. */
  readonly id: string;
}

type Stream = AsyncIterator<ExecutionResult, void>;

/**
 * Has the results of a stream sent as they come. graphql-ws, which is to see to the end of the stream,
 * would make a text of each for each listener.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#next
 */
export function sendResults(results: Stream, args: SocketArgs): AsyncIterableIterator<never, void> {
  return new SocketResults(results, args);
}

/** A class, since thousands are open at a time. */
class SocketResults implements AsyncIterableIterator<never, void> {
  private readonly results: Stream;
  private readonly args: SocketArgs;

  constructor(results: Stream, args: SocketArgs) {
    this.results = results;
    this.args = args;
  }

  /** Resolves with the end. */
  async next(): Promise<IteratorReturnResult<void>> {
    const { connection, id } = this.args;
    for (;;) {
      const step = await this.results.next();
      if (step.done) return step;
      const payload = toText(step.value);
      await connection.send(`{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`);
    }
  }

  async return(): Promise<IteratorReturnResult<void>> {
    await this.results.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
