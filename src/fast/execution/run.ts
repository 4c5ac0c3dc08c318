/** Executes a plan once: resolves and completes its fields. */

import {
  type FieldNode,
  type GraphQLError,
  type GraphQLResolveInfo,
  getArgumentValues,
  locatedError,
  type ResponsePath,
  responsePathAsArray,
  type VariableValues,
} from 'graphql';
import { type Execution, type Field, LEFT_TO_EXECUTOR, type PlannedOperation } from './field.ts';
import { abandon, whenThere } from './promises.ts';

type Data = Record<string, unknown>;

export class Run implements Execution {
  readonly errors: GraphQLError[] = [];
  readonly context: unknown;
  private readonly plan: PlannedOperation;
  private readonly root: unknown;
  private readonly variables: VariableValues;

  constructor(plan: PlannedOperation, root: unknown, context: unknown, variables: VariableValues) {
    this.plan = plan;
    this.root = root;
    this.context = context;
    this.variables = variables;
  }

  /**
   * An object of the answer, or a promise of it; its keys stand in the order of the fields.
   *
   * @throws LEFT_TO_EXECUTOR
   */
  resolveFields(
    fields: readonly Field[],
    source: unknown,
    path: ResponsePath | undefined,
  ): Data | Promise<Data> {
    const answer: Data = {};
    let pending: Promise<void>[] | null = null;
    try {
      for (const field of fields) {
        const value = this.resolveField(field, source, path);
        // Assign the promise first, to keep the order of keys.
        answer[field.key] = value;
        if (!(value instanceof Promise)) continue;
        pending ??= [];
        pending.push(value.then((late) => put(answer, field.key, late)));
      }
    } catch (error) {
      abandon(pending);
      throw error;
    }
    return pending === null ? answer : Promise.all(pending).then(() => answer);
  }

  private resolveField(field: Field, source: unknown, parent: ResponsePath | undefined): unknown {
    const path = { prev: parent, key: field.key, typename: field.parentType.name };
    const info = this.toInfo(field, path);
    const args = this.toArgs(field);
    try {
      const value = whenThere(field.resolve(source, args, this.context, info), (found) =>
        field.complete(this, found, info, path),
      );
      return value instanceof Promise
        ? value.catch((error) => this.fail(error, field.isNullable, field.nodes, path))
        : value;
    } catch (error) {
      return this.fail(error, field.isNullable, field.nodes, path);
    }
  }

  /**
   * The null that stands for a value that could not be made.
   *
   * @param isNullable whether a null may stand in its place.
   * @throws LEFT_TO_EXECUTOR
   */
  fail(error: unknown, isNullable: boolean, nodes: readonly FieldNode[], path: ResponsePath): null {
    if (error === LEFT_TO_EXECUTOR || !isNullable) throw LEFT_TO_EXECUTOR;
    this.errors.push(locatedError(error, nodes, responsePathAsArray(path)));
    return null;
  }

  /** Leaves arguments that do not fit their types to graphql-js, which words the error. */
  private toArgs({ definition, node }: Field): Readonly<Record<string, unknown>> {
    if (definition.args.length === 0) return NO_ARGUMENTS;
    try {
      return getArgumentValues(definition, node, this.variables);
    } catch {
      throw LEFT_TO_EXECUTOR;
    }
  }

  private toInfo(field: Field, path: ResponsePath): GraphQLResolveInfo {
    const { schema, operation, fragments } = this.plan;
    return {
      fieldName: field.definition.name,
      fieldNodes: field.nodes,
      returnType: field.definition.type,
      parentType: field.parentType,
      path,
      schema,
      fragments,
      rootValue: this.root,
      operation,
      variableValues: this.variables,
      getAbortSignal,
      getAsyncHelpers,
    };
  }
}

const NO_ARGUMENTS = Object.freeze({});

function put(answer: Data, key: string, value: unknown): void {
  answer[key] = value;
}

/** Reads are cancelled by the caller's cancellation (context.ts). */
function getAbortSignal(): undefined {
  return undefined;
}

const HELPERS: ReturnType<GraphQLResolveInfo['getAsyncHelpers']> = {
  promiseAll: (values) => Promise.all(values),
  // Nothing waits for the end of all work.
  track: () => undefined,
};

function getAsyncHelpers() {
  return HELPERS;
}
