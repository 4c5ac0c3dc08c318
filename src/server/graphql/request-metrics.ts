/** Counts the operations that Yoga runs over HTTP, and those over WebSockets. */

import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Caller, Context } from '../../context.ts';
import {
  type Errors,
  type OperationCounts,
  type RequestCounts,
  type Transport,
  toOutcome,
} from '../../telemetry/request-counts.ts';

/** A request that Yoga processes. */
export interface RequestStats {
  transport: Transport;
  /** By `performance.now()`. */
  readonly startedAt: number;
  isCounted: boolean;
}

export function toSeconds(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}

/** The thin path and WebSockets use Yoga too, but count by themselves and have no stats. */
export function useRequestMetrics(
  requests: RequestCounts,
): Plugin<object, { caller: Caller; stats: RequestStats }> {
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
      const { caller, stats } = serverContext;
      if (Array.isArray(result)) return;
      stats.isCounted = true;
      const operation = operations.get(caller) ?? requests.invalid;
      operation.count(stats.transport, toOutcomeOf(result, caller), toSeconds(stats.startedAt));
    },
  };
}

/** Runs an operation of a WebSocket, and counts it when its result or its stream is available. */
export async function countSocketOperation<T>(
  requests: RequestCounts,
  args: ExecutionArgs,
  run: (args: ExecutionArgs) => T | Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const result = await run(args);
  const outcome = toOutcomeOf(result as object, (args.contextValue as Context).caller);
  requests.find(args.document, args.operationName).count('ws', outcome, toSeconds(startedAt));
  return result;
}

function toOutcomeOf(result: object, caller: Caller): string {
  return Symbol.asyncIterator in result ? 'ok' : toOutcome(result as Errors, caller);
}
