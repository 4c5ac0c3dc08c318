/** The same document on the same event is executed once, however many listen. */

import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  mapSourceToResponseEvent,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestCounts } from '../telemetry/requests.ts';

type Result = ExecutionResult | Promise<ExecutionResult>;

/**
 * An event belongs to one owner, and is one object for all who are woken by it. A result with errors
 * is not shared: it may tell of nothing but the end of the listener that it was made for.
 */
export function useSharedEvents(requests: RequestCounts): Plugin {
  // By operation, and gone with the event.
  const events = new WeakMap<object, Map<string, Result>>();
  const toKey = createOperationKeys();

  function execute(event: ValidatedSubscriptionArgs, key: string): Result {
    const { rootValue } = event;
    if (typeof rootValue !== 'object' || rootValue === null) return executeSubscriptionEvent(event);
    const results = events.get(rootValue) ?? new Map<string, Result>();
    const known = results.get(key);
    if (known instanceof Promise) {
      return known.then((result) => (result.errors ? executeSubscriptionEvent(event) : result));
    }
    if (known && !known.errors) return known;
    const result = executeSubscriptionEvent(event);
    results.set(key, result);
    events.set(rootValue, results);
    return result;
  }

  return {
    onSubscribe({ subscribeFn, setSubscribeFn }) {
      setSubscribeFn(async (args: ExecutionArgs) => {
        const validated = validateSubscriptionArgs(args);
        // The executor has its own words for a variable that does not fit its type.
        if (!('operation' in validated)) return subscribeFn(args);
        const source = await createSourceEventStream(validated);
        if (!(Symbol.asyncIterator in source)) return source;
        const key = toKey(args);
        const operation = requests.find(args.document, args.operationName);
        return mapSourceToResponseEvent(validated, source, (event) => {
          operation.countEvent();
          return execute(event, key);
        });
      });
    },
  };
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
