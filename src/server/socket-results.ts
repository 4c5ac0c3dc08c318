/** What a subscription sends over its socket: the same result is the same text, whoever gets it. */

import type { ExecutionArgs, ExecutionResult } from 'graphql';
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
export function createSocketResults() {
  const texts = new WeakMap<ExecutionResult, string>();

  function toText(result: ExecutionResult): string {
    const known = texts.get(result);
    if (known !== undefined) return known;
    const { errors, ...others } = result;
    const text = JSON.stringify(errors ? { ...others, errors } : others);
    texts.set(result, text);
    return text;
  }

  return (results: Stream, args: SocketArgs): AsyncIterableIterator<never, void> =>
    new SocketResults(results, args, toText);
}

/** A class, since thousands are open at a time. */
class SocketResults implements AsyncIterableIterator<never, void> {
  private readonly results: Stream;
  private readonly args: SocketArgs;
  private readonly toText: (result: ExecutionResult) => string;

  constructor(results: Stream, args: SocketArgs, toText: (result: ExecutionResult) => string) {
    this.results = results;
    this.args = args;
    this.toText = toText;
  }

  /** Resolves with the end. */
  async next(): Promise<IteratorReturnResult<void>> {
    const { connection, id } = this.args;
    for (;;) {
      const step = await this.results.next();
      if (step.done) return step;
      const text = this.toText(step.value);
      await connection.send(`{"id":${JSON.stringify(id)},"type":"next","payload":${text}}`);
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
