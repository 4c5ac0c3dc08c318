/** Sends the results of a subscription over its WebSocket. */

import type { ExecutionArgs, ExecutionResult } from 'graphql';
import { toText } from '../graphql/result-text.ts';
import type { Connection } from './connection.ts';

/** The arguments of an operation, and the connection that gets its results. */
export interface SocketArgs extends ExecutionArgs {
  readonly connection: Pick<Connection, 'send'>;
  /** The operation's id in the protocol. */
  readonly id: string;
}

type Stream = AsyncIterator<ExecutionResult, void>;

/**
 * Sends each result itself, and leaves only the end of the stream to graphql-ws, which would serialise
 * every result again for every listener.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#next
 */
export function sendResults(results: Stream, args: SocketArgs): AsyncIterableIterator<never, void> {
  return new SocketResults(results, args);
}

/** A class, because thousands are open at a time. */
class SocketResults implements AsyncIterableIterator<never, void> {
  private readonly results: Stream;
  private readonly args: SocketArgs;

  constructor(results: Stream, args: SocketArgs) {
    this.results = results;
    this.args = args;
  }

  /** Sends all results, and resolves at the end of the stream. */
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
