/**
 * Executes operations by cached plans. The answer equals that of graphql-js, which executes whatever a
 * plan does not support. Gain: 1.6 times the requests per second for a finished
 * video (docs/decisions/0015-plans-instead-of-compiled-code.md).
 */

import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type VariableValues,
  visit,
} from 'graphql';
import { type Fragments, LEFT_TO_EXECUTOR } from './field.ts';
import { Plan } from './plan.ts';
import { Run } from './run.ts';

/** About 300 bytes each. Planning costs about as much as one execution without a plan. */
const MAX_FIELDS = 50_000;

/** One error is enough, because graphql-js words the errors of variables. */
const FIRST_ERROR = { maxErrors: 0 };

/** The memory of a plan without its fields, as a number of fields. */
const PLAN = 8;

/** Plans per operation, one for each outcome of its conditions. Further outcomes are not planned. */
const MAX_PLANS = 16;

/** Null: graphql-js must answer instead, and executes the operation from its start. */
export type Answer = ExecutionResult | null;

export type Planned = (
  root: unknown,
  context: unknown,
  variables: Readonly<Record<string, unknown>>,
) => Answer | Promise<Answer>;

export interface Planner {
  /** Null when there is no such operation, or it is of another kind. */
  find(document: DocumentNode, operationName: string | null | undefined): Planned | null;
}

/**
 * @param kind the operations that are planned; of a subscription it is what an event, which is the
 * root, is answered with. Never mutations: they must not be executed twice.
 */
export function createPlanner(schema: GraphQLSchema, kind: 'query' | 'subscription'): Planner {
  // Plans are freed together with their document.
  let documents = new WeakMap<DocumentNode, PlannedDocument>();
  let fields = 0;

  function onFields(count: number): void {
    fields += count;
    if (fields < MAX_FIELDS) return;
    documents = new WeakMap();
    fields = 0;
  }

  return {
    find(document, operationName) {
      const operation = getOperationAST(document, operationName);
      if (operation?.operation !== kind) return null;
      let found = documents.get(document);
      if (!found) {
        const fragments = toFragments(document);
        const parts = { schema, fragments, conditions: findConditions(document), onFields };
        found = { parts, operations: new Map() };
        documents.set(document, found);
      }
      const { parts, operations } = found;
      let planned = operations.get(operation);
      if (!planned) {
        planned = toPlanned(parts, operation);
        operations.set(operation, planned);
      }
      return planned;
    },
  };
}

/** The part of plans that the operations of a document share. */
interface Parts {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  /** The names of variables in `@skip` and `@include`, of all operations. */
  readonly conditions: readonly string[];
  readonly onFields: (count: number) => void;
}

interface PlannedDocument {
  readonly parts: Parts;
  readonly operations: Map<OperationDefinitionNode, Planned>;
}

function toPlanned(parts: Parts, operation: OperationDefinitionNode): Planned {
  const { schema } = parts;
  const { variableDefinitions = [] } = operation;
  const findPlan = createPlans(parts, operation);
  return (root, context, given) => {
    const coerced = getVariableValues(schema, variableDefinitions, given, FIRST_ERROR);
    const variables = coerced.variableValues;
    if (!variables) return null;
    try {
      const plan = findPlan(variables);
      if (!plan) return null;
      const run = new Run(plan, root, context, variables);
      const answer = (data: Record<string, unknown>): ExecutionResult =>
        run.errors.length === 0 ? { data } : { errors: run.errors, data };
      const data = run.resolveFields(plan.fields, root, undefined);
      return data instanceof Promise ? data.then(answer).catch(leave) : answer(data);
    } catch (error) {
      return leave(error);
    }
  };
}

function createPlans(parts: Parts, operation: OperationDefinitionNode) {
  const plans = new Map<string, Plan>();
  return ({ coerced }: VariableValues): Plan | null => {
    const values = parts.conditions.map((name) => coerced[name]);
    // graphql-js words the error of a null, which a default value makes possible.
    if (values.includes(null)) return null;
    // A variable that is not a boolean is a condition only in another operation.
    const decided = values.map((value) => (typeof value === 'boolean' ? value : undefined));
    const key = decided.join();
    let plan = plans.get(key);
    if (!plan && plans.size < MAX_PLANS) {
      const conditions = toVariableValues(parts.conditions, decided);
      plan = new Plan({ ...parts, operation, conditions });
      parts.onFields(PLAN);
      plans.set(key, plan);
    }
    return plan ?? null;
  };
}

function toVariableValues(names: readonly string[], values: readonly unknown[]): VariableValues {
  const coerced = Object.fromEntries(names.map((name, index) => [name, values[index]]));
  return { sources: {}, coerced };
}

function leave(error: unknown): null {
  if (error === LEFT_TO_EXECUTOR) return null;
  throw error;
}

function toFragments({ definitions }: DocumentNode): Fragments {
  return Object.fromEntries(
    definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
}

function findConditions(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: ({ arguments: args = [] }) => {
      for (const { value } of args) {
        if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      }
    },
  });
  return [...names];
}
