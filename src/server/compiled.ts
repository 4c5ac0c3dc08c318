/** Queries that are asked often are compiled to functions, which answer just as the executor would. */

import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';

/** Compiling costs as much as some hundred executions, and a stranger may send a document only once. */
const WORTH_COMPILING = 20;

type Compiled = (
  root: unknown,
  context: unknown,
  variables: unknown,
) => Promise<ExecutionResult> | ExecutionResult;

/** An operation's way to being compiled; `run` is null where that cannot be done. */
interface Progress {
  asked: number;
  run?: Compiled | null;
}

/**
 * graphql-jit differs from the executor in the texts of variables' faults, and in going on with
 * siblings after a null has propagated. So what it has not executed, or met two errors in, is
 * executed again by the executor: queries can be, and their reads at the upstream are shared.
 */
export function useCompiledQueries(schema: GraphQLSchema): Plugin {
  // A document lives as long as it is cached, and its functions no longer.
  const documents = new WeakMap<DocumentNode, Map<string, Progress>>();

  function find(document: DocumentNode, operationName: string | null | undefined): Progress {
    const operations = documents.get(document) ?? new Map<string, Progress>();
    documents.set(document, operations);
    const name = operationName ?? '';
    const progress = operations.get(name) ?? { asked: 0 };
    operations.set(name, progress);
    return progress;
  }

  function compile(document: DocumentNode, operationName: string | null | undefined) {
    const isQuery = getOperationAST(document, operationName)?.operation === 'query';
    if (!isQuery) return null;
    const compiled = compileQuery(schema, document, operationName ?? undefined, {
      disablingCapturingStackErrors: true,
    });
    return isCompiledQuery(compiled) ? (compiled.query as Compiled) : null;
  }

  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const { document, operationName } = args;
      const progress = find(document, operationName);
      if (progress.run === undefined) {
        progress.asked += 1;
        if (progress.asked < WORTH_COMPILING) return;
        progress.run = compile(document, operationName);
      }
      const { run } = progress;
      if (!run) return;
      setExecuteFn((execution: ExecutionArgs) => {
        const result = run(undefined, execution.contextValue, execution.variableValues ?? {});
        return result instanceof Promise
          ? result.then((settled) => (isEqual(settled) ? settled : executeFn(execution)))
          : isEqual(result)
            ? result
            : executeFn(execution);
      });
    },
  };
}

/** Whether the executor would have said the very same. */
function isEqual({ data, errors }: ExecutionResult): boolean {
  return data !== undefined && (errors === undefined || errors.length < 2);
}
