/** The same document on the same event is executed once, and made one text, however many listen. */

import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  type GraphQLError,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { BoundAnswer } from '../server/graphql/answer-size.ts';
import type { OperationCounts, RequestCounts } from '../telemetry/requests.ts';
import type { Answer, Planner } from './execution/planner.ts';
import { withText } from './result-text.ts';

type Result = ExecutionResult | Promise<ExecutionResult>;
type MaskError = (error: GraphQLError) => GraphQLError;

/**
 * Begins a subscription. Null: its variables do not fit their types, for which the executor has its
 * own words.
 */
export type SubscribeShared = (
  args: ExecutionArgs,
  maskError: MaskError,
) => Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult | null>;

/**
 * An event belongs to one owner, and is one object for all who are woken by it. A result with errors
 * is not shared: it may tell of nothing but the end of the listener that it was made for.
 */
export function createSharedEvents(
  requests: RequestCounts,
  planner: Planner,
  boundAnswer: BoundAnswer,
): SubscribeShared {
  // By operation, and gone with the event.
  const events = new WeakMap<object, Map<string, Result>>();
  const toKey = createOperationKeys();

  function respond(args: ExecutionArgs, event: unknown): Result {
    if (typeof event !== 'object' || event === null) return execute(args, event);
    const results = events.get(event) ?? new Map<string, Result>();
    const key = toKey(args);
    const known = results.get(key);
    if (known instanceof Promise) {
      return known.then((result) => (result.errors ? execute(args, event) : result));
    }
    if (known && !known.errors) return known;
    const conclude = (answer: ExecutionResult) => withText(boundAnswer(answer));
    const executed = execute(args, event);
    const result = executed instanceof Promise ? executed.then(conclude) : conclude(executed);
    results.set(key, result);
    events.set(event, results);
    return result;
  }

  function execute(args: ExecutionArgs, event: unknown): Result {
    const run = planner.find(args.document, args.operationName);
    if (!run) return executeEvent(args, event);
    const conclude = (answer: Answer) => answer ?? executeEvent(args, event);
    const found = run(event, args.contextValue, args.variableValues ?? {});
    return found instanceof Promise ? found.then(conclude) : conclude(found);
  }

  return async (args, maskError) => {
    const validated = validateSubscriptionArgs(args);
    if (!('operation' in validated)) return null;
    const source = await createSourceEventStream(validated);
    if (!(Symbol.asyncIterator in source)) return mask(source, maskError);
    const counts = requests.find(args.document, args.operationName);
    return new Responses(source, { args, counts, respond, maskError });
  };
}

/** For server-sent events, whose errors are masked by Yoga. */
export function useSharedEvents(subscribeShared: SubscribeShared): Plugin {
  return {
    onSubscribe({ subscribeFn, setSubscribeFn }) {
      setSubscribeFn(
        async (args: ExecutionArgs) =>
          (await subscribeShared(args, (error) => error)) ?? subscribeFn(args),
      );
    },
  };
}

/** Made of the arguments anew, which takes microseconds: kept, they would be most of a listener. */
function executeEvent(args: ExecutionArgs, event: unknown): Result {
  const validated = validateSubscriptionArgs(args) as ValidatedSubscriptionArgs;
  return executeSubscriptionEvent({ ...validated, rootValue: event });
}

function mask(result: ExecutionResult, maskError: MaskError): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map(maskError) } : result;
}

interface Listening {
  readonly args: ExecutionArgs;
  readonly counts: OperationCounts;
  readonly respond: (args: ExecutionArgs, event: unknown) => Result;
  readonly maskError: MaskError;
}

/** The results of one listener's events. A class, since thousands are open at a time. */
class Responses implements AsyncIterableIterator<ExecutionResult> {
  private readonly source: AsyncIterator<unknown>;
  private readonly listening: Listening;

  constructor(source: AsyncIterable<unknown>, listening: Listening) {
    this.source = source[Symbol.asyncIterator]();
    this.listening = listening;
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    return this.source.next().then((step) => {
      if (step.done) return step;
      const { args, counts, respond, maskError } = this.listening;
      counts.countEvent();
      const result = respond(args, step.value);
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

/** Equal for operations that make the same of an event: those of the same text and variables. */
function createOperationKeys(): (args: ExecutionArgs) => string {
  const numbers = new WeakMap<DocumentNode, number>();
  let last = 0;
  return ({ document, operationName, variableValues }) => {
    let number = numbers.get(document);
    if (number === undefined) {
      last += 1;
      number = last;
      numbers.set(document, number);
    }
    return JSON.stringify([number, operationName ?? null, variableValues ?? null]);
  };
}
