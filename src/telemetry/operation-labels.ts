/** Metric labels of operations: names from our schema, never from the client. */

import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** The label of anything that is not an operation of our schema. */
export const INVALID = 'invalid';
const META_FIELDS = new Set(['__typename', '__schema', '__type']);

/** `query.video`; `query.several` for several root fields; `invalid` without a known root field. */
export function toOperationLabel(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): string {
  const operation = getOperationAST(document, operationName);
  if (!operation) return INVALID;
  const names = findRootFields(document, operation);
  // Client libraries add it to every selection.
  if (names.size > 1) names.delete('__typename');
  const [name, ...others] = names;
  if (name === undefined) return INVALID;
  const known = schema.getRootType(operation.operation)?.getFields() ?? {};
  for (const one of names) if (!Object.hasOwn(known, one) && !META_FIELDS.has(one)) return INVALID;
  return `${operation.operation}.${others.length > 0 ? 'several' : name}`;
}

function findRootFields(document: DocumentNode, operation: OperationDefinitionNode): Set<string> {
  const names = new Set<string>();
  const visited = new Set<string>();

  function visit({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet);
      else visitFragment(selection.name.value);
    }
  }

  function visitFragment(name: string): void {
    if (visited.has(name)) return;
    visited.add(name);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name) {
        visit(definition.selectionSet);
      }
    }
  }

  visit(operation.selectionSet);
  return names;
}
