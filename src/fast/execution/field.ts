/** A planned field, and what its completion needs to know of an execution. */

import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLError,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLObjectType,
  GraphQLResolveInfo,
  GraphQLSchema,
  OperationDefinitionNode,
  ResponsePath,
} from 'graphql';

/** Thrown when graphql-js must execute instead, because a null would propagate. */
export const LEFT_TO_EXECUTOR = new Error('Left to the executor.');

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/** An operation as resolvers see it. */
export interface PlannedOperation {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
}

/** One execution of a plan. */
export interface Execution {
  readonly errors: GraphQLError[];
  readonly context: unknown;
  /**
   * An object of the answer, or a promise of it; its keys are in the order of the fields.
   *
   * @throws LEFT_TO_EXECUTOR
   */
  resolveFields(
    fields: readonly Field[],
    source: unknown,
    path: ResponsePath | undefined,
  ): Record<string, unknown> | Promise<Record<string, unknown>>;
  /**
   * Records the error and returns the null that stands for the value.
   *
   * @param isNullable whether a null may stand in its place.
   * @throws LEFT_TO_EXECUTOR
   */
  fail(error: unknown, isNullable: boolean, nodes: readonly FieldNode[], path: ResponsePath): null;
}

/**
 * Returns the completed value, or a promise of it.
 *
 * @param path of the value; in a list it is below the field's.
 * @throws what the field fails with, and LEFT_TO_EXECUTOR.
 * @see https://spec.graphql.org/draft/#CompleteValue()
 */
export type Complete = (
  run: Execution,
  found: unknown,
  info: GraphQLResolveInfo,
  path: ResponsePath,
) => unknown;

/** A key of an object in the answer. */
export interface Field {
  readonly key: string;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  /** The first of `nodes`, whose arguments are those of all. */
  readonly node: FieldNode;
  /** All field nodes with this key. */
  readonly nodes: readonly FieldNode[];
  readonly isNullable: boolean;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly complete: Complete;
}

/** The fields that an object of the type has in the answer. */
export type SelectFields = (type: GraphQLObjectType) => readonly Field[];
