/**
 * Counts GraphQL operations in plain numbers, because a lookup by labels per request would be noticeable
 * at 30,000 requests per second. The text for Prometheus is made at each scrape.
 */

import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import type { Cancellation } from '../cancellation.ts';
import { ERROR_CODES, type ErrorCode } from '../error-table.ts';
import { INVALID, toOperationLabel } from './operation-labels.ts';

const TRANSPORTS = ['http', 'sse', 'ws'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The part of a result that decides the outcome. */
export interface Errors {
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** Histogram bounds in seconds: from a cached answer to a submit that waits for the rate limit and times out. */
const BOUNDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 45] as const;

/** Other codes are counted as `other`. `left`: the client disconnected before the answer. */
const OUTCOMES: ReadonlySet<unknown> = new Set([
  ...ERROR_CODES,
  ...['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_RESOLUTION_FAILURE'],
  ...['BAD_USER_INPUT', 'BAD_REQUEST', 'PERSISTED_QUERY_NOT_FOUND'],
]);

/** Counts the operations with the same root field. */
export interface OperationCounts {
  /** Counts an operation that was answered, or whose stream has started. */
  count(transport: Transport, outcome: string, seconds: number): void;
  /** Counts an event that one listener gets. */
  countEvent(): void;
}

export interface RequestCounts {
  /** Call it only with valid documents. */
  find(document: DocumentNode, operationName: string | null | undefined): OperationCounts;
  /** For requests that contain no valid operation. */
  readonly invalid: OperationCounts;
  /** In Prometheus' text format. */
  toText(): string;
}

export function createRequestCounts(schema: GraphQLSchema): RequestCounts {
  const byLabel = new Map<string, Operation>();
  /** Documents with a single operation, which nearly all have: `operationName` makes no difference. */
  const byDocument = new WeakMap<DocumentNode, Operation>();

  function get(label: string): Operation {
    const operation = byLabel.get(label) ?? new Operation();
    byLabel.set(label, operation);
    return operation;
  }

  return {
    invalid: get(INVALID),
    find(document, operationName) {
      const known = byDocument.get(document);
      if (known) return known;
      const operation = get(toOperationLabel(schema, document, operationName));
      const count = document.definitions.filter(
        ({ kind }) => kind === 'OperationDefinition',
      ).length;
      if (count === 1) byDocument.set(document, operation);
      return operation;
    },
    toText: () => toText(byLabel),
  };
}

/** The part of the caller that decides the outcome. */
interface CallerState {
  readonly cancellation: Cancellation;
  readonly refusal?: ErrorCode;
}

/**
 * The outcome of an operation: `ok`, or the code of its first error. A refused submit is a member of the
 * result union instead of an error, so its code is kept in the caller.
 */
export function toOutcome({ errors }: Errors, caller: CallerState | undefined): string {
  if (!errors) return caller?.refusal ?? 'ok';
  if (caller?.cancellation.isCancelled) return 'left';
  const code = errors[0]?.extensions?.code;
  return OUTCOMES.has(code) ? String(code) : 'other';
}

class Series {
  /** Not cumulative. The last bucket counts everything above the bounds. */
  readonly buckets: number[] = new Array(BOUNDS.length + 1).fill(0);
  sum = 0;
}

class Operation implements OperationCounts {
  readonly http = new Map<string, Series>();
  readonly sse = new Map<string, Series>();
  readonly ws = new Map<string, Series>();
  events = 0;

  count(transport: Transport, outcome: string, seconds: number): void {
    const outcomes = this[transport];
    let series = outcomes.get(outcome);
    if (!series) {
      series = new Series();
      outcomes.set(outcome, series);
    }
    let index = 0;
    while (index < BOUNDS.length && seconds > (BOUNDS[index] ?? 0)) index += 1;
    series.buckets[index] = (series.buckets[index] ?? 0) + 1;
    series.sum += seconds;
  }

  countEvent(): void {
    this.events += 1;
  }
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
function toText(operations: ReadonlyMap<string, Operation>): string {
  const total = 'longtake_requests_total';
  const duration = 'longtake_request_duration_seconds';
  const events = 'longtake_events_total';
  const totals = [`# HELP ${total} GraphQL operations that were answered.`];
  const durations = [`# HELP ${duration} Time to the answer, or to the beginning of a stream.`];
  const delivered = [`# HELP ${events} Events delivered to listeners.`];
  totals.push(`# TYPE ${total} counter`);
  durations.push(`# TYPE ${duration} histogram`);
  delivered.push(`# TYPE ${events} counter`);

  for (const [label, operation] of operations) {
    const name = `operation="${label}"`;
    if (label.startsWith('subscription.')) delivered.push(`${events}{${name}} ${operation.events}`);
    for (const transport of TRANSPORTS) {
      for (const [outcome, { buckets, sum }] of operation[transport]) {
        const labels = `${name},transport="${transport}",outcome="${outcome}"`;
        let count = 0;
        for (const [index, value] of buckets.entries()) {
          count += value;
          const bound = BOUNDS[index] ?? '+Inf';
          durations.push(`${duration}_bucket{${labels},le="${bound}"} ${count}`);
        }
        durations.push(
          `${duration}_sum{${labels}} ${sum}`,
          `${duration}_count{${labels}} ${count}`,
        );
        totals.push(`${total}{${labels}} ${count}`);
      }
    }
  }
  return `${[totals, durations, delivered].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
