/** Runs subscriptions: one listener's events, executed, counted and masked. */

import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  type GraphQLError,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { OperationCounts, RequestCounts } from '../../telemetry/request-counts.ts';
import type { LimitResultSize } from './result-size.ts';

type MaskError = (error: GraphQLError) => GraphQLError;

/**
 * Starts a subscription. Null when its variables do not fit their types: graphql's own `subscribe` then
 * reports why.
 */
export type Subscribe = (
  args: ExecutionArgs,
  maskError: MaskError,
) => Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult | null>;

/** Executes one event for one listener. */
export type ExecuteEvent = (
  args: ExecutionArgs,
  event: unknown,
) => ExecutionResult | Promise<ExecutionResult>;

export function createSubscribe(requests: RequestCounts, executeEvent: ExecuteEvent): Subscribe {
  return async (args, maskError) => {
    const validated = validateSubscriptionArgs(args);
    if (!('operation' in validated)) return null;
    const source = await createSourceEventStream(validated);
    if (!(Symbol.asyncIterator in source)) return mask(source, maskError);
    const counts = requests.find(args.document, args.operationName);
    return new Results(source, { args, counts, executeEvent, maskError });
  };
}

/** By graphql-js, for each listener by itself. */
export function createPlainExecuteEvent(limitResultSize: LimitResultSize): ExecuteEvent {
  return (args, event) => {
    const executed = executeByGraphQL(args, event);
    return executed instanceof Promise ? executed.then(limitResultSize) : limitResultSize(executed);
  };
}

/** The validated arguments are recomputed per event: kept, they would dominate a listener's memory. */
export function executeByGraphQL(
  args: ExecutionArgs,
  event: unknown,
): ExecutionResult | Promise<ExecutionResult> {
  const validated = validateSubscriptionArgs(args) as ValidatedSubscriptionArgs;
  return executeSubscriptionEvent({ ...validated, rootValue: event });
}

/** For server-sent events, whose errors Yoga masks. */
export function useSubscribe(subscribe: Subscribe): Plugin {
  return {
    onSubscribe({ subscribeFn, setSubscribeFn }) {
      setSubscribeFn(
        async (args: ExecutionArgs) =>
          (await subscribe(args, (error) => error)) ?? subscribeFn(args),
      );
    },
  };
}

function mask(result: ExecutionResult, maskError: MaskError): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map(maskError) } : result;
}

interface Listening {
  readonly args: ExecutionArgs;
  readonly counts: OperationCounts;
  readonly executeEvent: ExecuteEvent;
  readonly maskError: MaskError;
}

/** The results of one listener's events. A class, because thousands are open at a time. */
class Results implements AsyncIterableIterator<ExecutionResult> {
  private readonly source: AsyncIterator<unknown>;
  private readonly listening: Listening;

  constructor(source: AsyncIterable<unknown>, listening: Listening) {
    this.source = source[Symbol.asyncIterator]();
    this.listening = listening;
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    return this.source.next().then((step) => {
      if (step.done) return step;
      const { args, counts, executeEvent, maskError } = this.listening;
      counts.countEvent();
      const result = executeEvent(args, step.value);
      return result instanceof Promise
        ? result.then((value) => ({ done: false, value: mask(value, maskError) }))
        : { done: false, value: mask(result, maskError) };
    });
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    await this.source.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
