/** Plans an operation once: its fields, their keys and how their values are completed. */

import {
  defaultFieldResolver,
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  isNonNullType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
  type VariableValues,
} from 'graphql';
import { toComplete } from './complete.ts';
import { type Field, type Fragments, LEFT_TO_EXECUTOR } from './field.ts';

/** The plan of an operation with decided conditions. Selections below a field are planned on first use. */
export class Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  readonly fields: readonly Field[];
  private readonly conditions: VariableValues;
  private readonly onFields: (count: number) => void;

  /**
   * @param conditions the variables in `@skip` and `@include`. The plan keeps no others, because it is
   * cached and they may be large.
   * @param onFields is called with the number of field nodes that were added to the plan.
   */
  constructor(parts: {
    readonly schema: GraphQLSchema;
    readonly operation: OperationDefinitionNode;
    readonly fragments: Fragments;
    readonly conditions: VariableValues;
    readonly onFields: (count: number) => void;
  }) {
    this.schema = parts.schema;
    this.operation = parts.operation;
    this.fragments = parts.fragments;
    this.conditions = parts.conditions;
    this.onFields = parts.onFields;
    const root = this.schema.getRootType(this.operation.operation);
    if (!root) throw LEFT_TO_EXECUTOR;
    this.fields = this.select(root, [this.operation.selectionSet]);
  }

  private select(type: GraphQLObjectType, selections: readonly SelectionSetNode[]): Field[] {
    const nodes = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const selection of selections) this.collect(type, selection, nodes, spread);
    const fields = [...nodes].map(([key, merged]) => this.toField(type, key, merged));
    this.onFields(fields.reduce((count, { nodes }) => count + nodes.length, 1));
    return fields;
  }

  /** @see https://spec.graphql.org/draft/#CollectFields() */
  private collect(
    type: GraphQLObjectType,
    { selections }: SelectionSetNode,
    nodes: Map<string, FieldNode[]>,
    spread: Set<string>,
  ): void {
    for (const selection of selections) {
      if (!this.isIncluded(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const merged = nodes.get(key);
        if (merged) merged.push(selection);
        else nodes.set(key, [selection]);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
      }
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments[selection.name.value] : selection;
      if (fragment && this.isOf(type, fragment.typeCondition)) {
        this.collect(type, fragment.selectionSet, nodes, spread);
      }
    }
  }

  private isIncluded(selection: SelectionNode): boolean {
    if (!selection.directives?.length) return true;
    return (
      getDirectiveValues(GraphQLSkipDirective, selection, this.conditions)?.if !== true &&
      getDirectiveValues(GraphQLIncludeDirective, selection, this.conditions)?.if !== false
    );
  }

  private isOf(type: GraphQLObjectType, condition: NamedTypeNode | undefined): boolean {
    if (!condition) return true;
    const wanted = typeFromAST(this.schema, condition);
    return wanted === type || (isAbstractType(wanted) && this.schema.isSubType(wanted, type));
  }

  private toField(parentType: GraphQLObjectType, key: string, nodes: FieldNode[]): Field {
    const [node] = nodes;
    const definition = node && this.schema.getField(parentType, node.name.value);
    // Assigning `__proto__` would set the prototype of the answer.
    if (!definition || key === '__proto__') throw LEFT_TO_EXECUTOR;
    const selections = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return {
      key,
      parentType,
      definition,
      node,
      nodes,
      isNullable: !isNonNullType(definition.type),
      resolve: definition.resolve ?? defaultFieldResolver,
      complete: toComplete(definition.type, (type) => this.select(type, selections)),
    };
  }
}
