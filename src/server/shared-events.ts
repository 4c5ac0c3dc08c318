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

/** What has been made of an event, by operation; gone with the event. */
type Results = Map<string, ExecutionResult>;

/**
 * An event belongs to one owner, and is one object for all who are woken by it. A result is shared
 * if it came at once: one that had to wait may have met the end of its own listener.
 */
export function useSharedEvents(): Plugin {
  const events = new WeakMap<object, Results>();
  const toKey = createOperationKeys();

  function execute(event: ValidatedSubscriptionArgs, key: string) {
    const { rootValue } = event;
    if (typeof rootValue !== 'object' || rootValue === null) return executeSubscriptionEvent(event);
    const results: Results = events.get(rootValue) ?? new Map();
    const known = results.get(key);
    if (known) return known;
    const result = executeSubscriptionEvent(event);
    if (!(result instanceof Promise)) {
      results.set(key, result);
      events.set(rootValue, results);
    }
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
        return mapSourceToResponseEvent(validated, source, (event) => execute(event, key));
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
