/**
 * The same operation on the same event is executed and serialised once for all listeners. Gain: with
 * 5,000 listeners to one task, an event reaches all of them in a third of the time (bench/RESULTS.md).
 */

import type { DocumentNode, ExecutionArgs, ExecutionResult } from 'graphql';
import type { LimitResultSize } from '../server/graphql/result-size.ts';
import { serialize } from '../server/graphql/result-text.ts';
import { type ExecuteEvent, executeByGraphQL } from '../server/graphql/subscribe.ts';
import type { Answer, Planner } from './execution/planner.ts';

type Result = ExecutionResult | Promise<ExecutionResult>;

/**
 * An event belongs to one owner, and is one object for all listeners that it wakes. A result with errors
 * is not shared: it may only report that its own listener has ended.
 */
export function createSharedEvents(
  planner: Planner,
  limitResultSize: LimitResultSize,
): ExecuteEvent {
  // By operation; freed together with the event.
  const events = new WeakMap<object, Map<string, Result>>();
  const toKey = createOperationKeys();

  function execute(args: ExecutionArgs, event: unknown): Result {
    const run = planner.find(args.document, args.operationName);
    if (!run) return executeByGraphQL(args, event);
    const conclude = (answer: Answer) => answer ?? executeByGraphQL(args, event);
    const found = run(event, args.contextValue, args.variableValues ?? {});
    return found instanceof Promise ? found.then(conclude) : conclude(found);
  }

  return (args, event) => {
    if (typeof event !== 'object' || event === null) return execute(args, event);
    const results = events.get(event) ?? new Map<string, Result>();
    const key = toKey(args);
    const known = results.get(key);
    if (known instanceof Promise) {
      return known.then((result) => (result.errors ? execute(args, event) : result));
    }
    if (known && !known.errors) return known;
    const conclude = (answer: ExecutionResult) => withText(limitResultSize(answer));
    const executed = execute(args, event);
    const result = executed instanceof Promise ? executed.then(conclude) : conclude(executed);
    results.set(key, result);
    events.set(event, results);
    return result;
  };
}

const texts = new WeakMap<ExecutionResult, string>();

function toSharedText(result: ExecutionResult): string {
  const known = texts.get(result);
  if (known !== undefined) return known;
  const text = serialize(result);
  texts.set(result, text);
  return text;
}

/** A result with errors is masked for each listener, and then is another object. */
function withText(result: ExecutionResult): ExecutionResult {
  return result.errors ? result : Object.assign(result, { stringify: toSharedText });
}

/** Equal for operations with the same text and variables: they give the same result for an event. */
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
