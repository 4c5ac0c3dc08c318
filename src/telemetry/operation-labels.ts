/** What an operation is called in the counts: by our schema's names, never by the client's. */

import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** Of a document that is no operation of ours. */
export const INVALID = 'invalid';
const META_FIELDS = new Set(['__typename', '__schema', '__type']);

/** `query.video`; `query.several` for different root fields; `invalid` for what has none of ours. */
export function toOperationLabel(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): string {
  const operation = getOperationAST(document, operationName);
  if (!operation) return INVALID;
  const names = findRootFields(document, operation);
  // Clients' libraries ask for it beside everything else.
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
