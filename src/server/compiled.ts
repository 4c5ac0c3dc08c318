/** What is asked often is compiled to functions, which answer just as the executor would. */

import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  type Source,
  type SourceLocation,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { type Fragments, isKeyOrderFixed } from './key-order.ts';
import { isPlain } from './plain-document.ts';

/** Compiling costs as much as some hundred executions, and a stranger may send a document only once. */
const WORTH_COMPILING = 20;

export type Compiled = (
  root: unknown,
  context: unknown,
  variables: Readonly<Record<string, unknown>>,
) => Promise<ExecutionResult> | ExecutionResult;

export interface Compiler {
  /** The operation as a function, if it is worth it by now; to be asked at each execution. */
  find(document: DocumentNode, operationName: string | null | undefined): Compiled | null;
}

/** An operation's way to being compiled; `run` is null where that cannot be done. */
interface Progress {
  asked: number;
  run?: Compiled | null;
}

/**
 * @param kind the operations that are compiled; of a subscription it is what an event, which is the
 * function's root, is answered with.
 */
export function createCompiler(
  schema: GraphQLSchema,
  kind: 'query' | 'subscription' = 'query',
): Compiler {
  // A document lives as long as it is cached, and its functions no longer.
  const documents = new WeakMap<DocumentNode, Map<string, Progress>>();

  function compile(document: DocumentNode, operationName: string | null | undefined) {
    const operation = getOperationAST(document, operationName);
    if (operation?.operation !== kind || !document.loc) return null;
    const { source } = document.loc;
    if (!isPlain(document)) return null;
    // graphql-jit fixes the order of an answer's keys when it compiles.
    if (!isKeyOrderFixed(operation.selectionSet, toFragments(document))) return null;
    // It writes into the nodes: those of a fragment are shared by operations, and by its places.
    const compiled = compileQuery(schema, parse(source), operationName ?? undefined, {
      disablingCapturingStackErrors: true,
      useExperimentalPathBasedSkipInclude: true,
    });
    if (!isCompiledQuery(compiled)) return null;
    return withNulls(withPlaces(compiled.query as Compiled, source), operation);
  }

  return {
    find(document, operationName) {
      const operations = documents.get(document) ?? new Map<string, Progress>();
      documents.set(document, operations);
      const name = operationName ?? '';
      const progress = operations.get(name) ?? { asked: 0 };
      operations.set(name, progress);
      if (progress.run !== undefined) return progress.run;
      progress.asked += 1;
      if (progress.asked < WORTH_COMPILING) return null;
      progress.run = compile(document, operationName);
      return progress.run;
    },
  };
}

function toFragments({ definitions }: DocumentNode): Fragments {
  return new Map(
    definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
}

/**
 * Whether the executor would have said the very same. graphql-jit differs in the texts of variables'
 * faults, and once a null has propagated, in which of the siblings' errors it still waits for. So
 * what it did not execute, or met two errors in, or one that took more than its own field, has to be
 * executed by the executor: queries can be executed twice, and their reads at the upstream are shared.
 */
export function isFaithful({ data, errors = [] }: ExecutionResult): boolean {
  if (data === undefined || errors.length > 1) return false;
  return errors.every(({ path }) => path?.reduce(findBelow, data) === null);
}

/** Null at a field that is null itself; undefined below it. */
function findBelow(place: unknown, key: string | number): unknown {
  return (place as Record<string | number, unknown> | null | undefined)?.[key];
}

/**
 * A variable with a default may be null where no null may stand (GraphQL, 5.8.5), which only the
 * executor finds when it comes to that.
 */
function withNulls(run: Compiled, { variableDefinitions = [] }: OperationDefinitionNode): Compiled {
  const names = variableDefinitions
    .filter(({ type, defaultValue }) => defaultValue && type.kind !== Kind.NON_NULL_TYPE)
    .map(({ variable }) => variable.name.value);
  if (names.length === 0) return run;
  return (root, context, variables) =>
    names.some((name) => variables[name] === null) ? NOT_EXECUTED : run(root, context, variables);
}

/** Not faithful, whatever was asked. */
const NOT_EXECUTED: ExecutionResult = {};

/** graphql-jit's errors know where they stand by line and column, which only it reads. */
function withPlaces(run: Compiled, source: Source): Compiled {
  const lines = source.body.split(/(?<=\n|\r(?!\n))/);
  const toPosition = ({ line, column }: SourceLocation) =>
    lines.slice(0, line - 1).reduce((length, text) => length + text.length, column - 1);
  const place = (result: ExecutionResult): ExecutionResult =>
    result.errors === undefined
      ? result
      : {
          ...result,
          errors: result.errors.map(
            ({ message, locations, path, originalError }) =>
              new GraphQLError(message, {
                source,
                positions: locations?.map(toPosition),
                path,
                originalError,
              }),
          ),
        };
  return (root, context, variables) => {
    const result = run(root, context, variables);
    return result instanceof Promise ? result.then(place) : place(result);
  };
}

export function useCompiledQueries(compiler: Compiler): Plugin {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const run = compiler.find(args.document, args.operationName);
      if (!run) return;
      setExecuteFn(async (execution: ExecutionArgs) => {
        const result = await run(undefined, execution.contextValue, execution.variableValues ?? {});
        return isFaithful(result) ? result : executeFn(execution);
      });
    },
  };
}
