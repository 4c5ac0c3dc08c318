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
import { Plan } from './plan.ts';
import { LEFT_TO_EXECUTOR, Run } from './run.ts';

/** Of some 300 bytes each. To plan anew costs about as much as to execute without a plan. */
const MOST_FIELDS = 50_000;

/** The executor words them, and a list of thousands may have one for each item. */
const FIRST_ERROR = { maxErrors: 0 };

/** One for each way in which an operation's conditions can turn out; what has more is not planned. */
const MOST_PLANS = 16;

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
  // An operation lives as long as its document is cached, and its plans no longer.
  let operations = new WeakMap<OperationDefinitionNode, Planned>();
  let fields = 0;

  function onFields(count: number): void {
    fields += count;
    if (fields < MOST_FIELDS) return;
    operations = new WeakMap();
    fields = 0;
  }

  return {
    find(document, operationName) {
      const operation = getOperationAST(document, operationName);
      if (operation?.operation !== kind) return null;
      let planned = operations.get(operation);
      if (!planned) {
        planned = createPlanned(schema, document, operation, onFields);
        operations.set(operation, planned);
      }
      return planned;
    },
  };
}

function createPlanned(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  onFields: (count: number) => void,
): Planned {
  const { variableDefinitions = [] } = operation;
  const fragments = toFragments(document);
  const conditions = findConditions(document);
  const plans = new Map<string, Plan>();

  function findPlan(variables: VariableValues): Plan | null {
    const values = conditions.map((name) => variables.coerced[name]);
    // For a null, which only a default lets in, the executor has its own words.
    if (values.includes(null)) return null;
    const key = values.join();
    let plan = plans.get(key);
    if (!plan && plans.size < MOST_PLANS) {
      plan = new Plan({ schema, operation, fragments, variables, onFields });
      plans.set(key, plan);
    }
    return plan ?? null;
  }

  return (root, context, given) => {
    const { variableValues } = getVariableValues(schema, variableDefinitions, given, FIRST_ERROR);
    if (!variableValues) return null;
    try {
      const plan = findPlan(variableValues);
      if (!plan) return null;
      const run = new Run(plan, root, context, variableValues);
      const answer = (data: Record<string, unknown>): ExecutionResult =>
        run.errors.length === 0 ? { data } : { errors: run.errors, data };
      const data = run.resolveFields(plan.fields, root, undefined);
      return data instanceof Promise ? data.then(answer).catch(leave) : answer(data);
    } catch (error) {
      return leave(error);
    }
  };
}

function leave(error: unknown): null {
  if (error === LEFT_TO_EXECUTOR) return null;
  throw error;
}

function toFragments({ definitions }: DocumentNode) {
  return Object.fromEntries(
    definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
}

/** The names of the variables that `@skip` or `@include` have, in any operation of the document. */
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
