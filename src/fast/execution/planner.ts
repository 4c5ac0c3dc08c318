/** Operations by their plans, which answer just as the executor would, or leave it to it. */

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

/** Of some 300 bytes each. To plan anew costs about as much as to execute without a plan. */
const MAX_FIELDS = 50_000;

/** The executor words them, and a list of thousands may have one for each item. */
const FIRST_ERROR = { maxErrors: 0 };

/** What a plan takes besides its fields, as many of them. */
const PLAN = 8;

/** One for each way in which an operation's conditions can turn out; what has more is not planned. */
const MAX_PLANS = 16;

/** Null: the executor has to answer, and executes once more what has been executed. */
export type Answer = ExecutionResult | null;

export type Planned = (
  root: unknown,
  context: unknown,
  variables: Readonly<Record<string, unknown>>,
) => Answer | Promise<Answer>;

export interface Planner {
  /** Null where there is no such operation, or one of another kind. */
  find(document: DocumentNode, operationName: string | null | undefined): Planned | null;
}

/**
 * @param kind the operations that are planned; of a subscription it is what an event, which is the
 * root, is answered with. Never mutations: they must not be executed twice.
 */
export function createPlanner(schema: GraphQLSchema, kind: 'query' | 'subscription'): Planner {
  // A document lives as long as it is cached, and its plans no longer.
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

/** What the operations of a document share. */
interface Parts {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  /** The names of the variables that `@skip` or `@include` have, in whichever operation. */
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
    // For a null, which only a default lets in, the executor has its own words.
    if (values.includes(null)) return null;
    // What is no boolean is a condition in another operation alone.
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
