/** The counting of operations that go through Yoga's HTTP side or over a socket. */

import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Caller, Context } from '../../context.ts';
import {
  type Errors,
  type OperationCounts,
  type RequestCounts,
  type Transport,
  toOutcome,
} from '../../telemetry/requests.ts';

/** A request on its way through Yoga. */
export interface RequestStats {
  transport: Transport;
  /** By `performance.now()`. */
  readonly begun: number;
  isCounted: boolean;
}

export function toSeconds(begun: number): number {
  return (performance.now() - begun) / 1_000;
}

/** The thin path and sockets use Yoga's envelope as well, and count by themselves: no passage. */
export function useCounting(
  requests: RequestCounts,
): Plugin<object, { caller: Caller; passage: RequestStats }> {
  const operations = new WeakMap<Caller, OperationCounts>();

  function note({
    args,
  }: {
    args: Pick<ExecutionArgs, 'document' | 'operationName'> & { contextValue: unknown };
  }): void {
    const { request, caller } = args.contextValue as { request?: Request; caller: Caller };
    if (request) operations.set(caller, requests.find(args.document, args.operationName));
  }

  return {
    onExecute: note,
    onSubscribe: note,
    onResultProcess({ result, serverContext }) {
      const { caller, passage } = serverContext;
      if (Array.isArray(result)) return;
      passage.isCounted = true;
      const operation = operations.get(caller) ?? requests.invalid;
      operation.count(passage.transport, toOutcomeOf(result, caller), toSeconds(passage.begun));
    },
  };
}

/** Runs an operation of a socket, and counts it when it is answered or its stream has begun. */
export async function countOverSocket<T>(
  requests: RequestCounts,
  args: ExecutionArgs,
  run: (args: ExecutionArgs) => T | Promise<T>,
): Promise<T> {
  const begun = performance.now();
  const result = await run(args);
  const outcome = toOutcomeOf(result as object, (args.contextValue as Context).caller);
  requests.find(args.document, args.operationName).count('ws', outcome, toSeconds(begun));
  return result;
}

function toOutcomeOf(result: object, caller: Caller): string {
  return Symbol.asyncIterator in result ? 'ok' : toOutcome(result as Errors, caller);
}
