/** Completes a resolver's value to the value in the answer, by the field's type. */

import {
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLList,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type ResponsePath,
} from 'graphql';
import {
  type Complete,
  type Execution,
  type Field,
  LEFT_TO_EXECUTOR,
  type SelectFields,
} from './field.ts';
import { abandon, whenThere } from './promises.ts';

export function toComplete(type: GraphQLOutputType, select: SelectFields): Complete {
  if (isNonNullType(type)) return notNull(toComplete(type.ofType, select));
  if (isListType(type)) return orNull(toList(type, select));
  if (isLeafType(type)) return orNull(toLeaf(type));
  if (isAbstractType(type)) return orNull(toAbstract(type, select));
  return orNull(toObject(type, select));
}

function notNull(complete: Complete): Complete {
  return (run, found, info, path) => {
    const value = complete(run, found, info, path);
    if (value === null) throw LEFT_TO_EXECUTOR;
    return value;
  };
}

function orNull(complete: Complete): Complete {
  return (run, found, info, path) => {
    if (found === null || found === undefined) return null;
    if (found instanceof Error) throw found;
    return complete(run, found, info, path);
  };
}

function toLeaf(type: GraphQLLeafType): Complete {
  return (_run, found) => {
    const value = type.coerceOutputValue(found);
    if (value === null || value === undefined) throw LEFT_TO_EXECUTOR;
    return value;
  };
}

function toObject(type: GraphQLObjectType, select: SelectFields): Complete {
  let fields: readonly Field[] | null = null;
  function complete(run: Execution, found: unknown, path: ResponsePath) {
    fields ??= select(type);
    return run.resolveFields(fields, found, path);
  }
  return (run, found, info, path) => {
    if (!type.isTypeOf) return complete(run, found, path);
    return whenThere(type.isTypeOf(found, run.context, info), (isOfType) => {
      if (!isOfType) throw LEFT_TO_EXECUTOR;
      return complete(run, found, path);
    });
  };
}

function toAbstract(type: GraphQLAbstractType, select: SelectFields): Complete {
  const byName = new Map<unknown, Complete>();
  return (run, found, info, path) => {
    const { schema } = info;
    return whenThere(type.resolveType?.(found, run.context, info, type), (name) => {
      let complete = byName.get(name);
      if (!complete) {
        const possible = typeof name === 'string' && schema.getType(name);
        if (!possible || !isObjectType(possible) || !schema.isSubType(type, possible)) {
          throw LEFT_TO_EXECUTOR;
        }
        complete = toObject(possible, select);
        byName.set(name, complete);
      }
      return complete(run, found, info, path);
    });
  };
}

/** Arrays only: the schema has no async lists. */
function toList({ ofType }: GraphQLList<GraphQLOutputType>, select: SelectFields): Complete {
  const complete = toComplete(ofType, select);
  const isNullable = !isNonNullType(ofType);

  function toItem(run: Execution, item: unknown, info: GraphQLResolveInfo, path: ResponsePath) {
    const fail = (error: unknown) => run.fail(error, isNullable, info.fieldNodes, path);
    try {
      const value = whenThere(item, (found) => complete(run, found, info, path));
      return value instanceof Promise ? value.catch(fail) : value;
    } catch (error) {
      return fail(error);
    }
  }

  return (run, found, info, prev) => {
    if (!Array.isArray(found)) throw LEFT_TO_EXECUTOR;
    const answer: unknown[] = [];
    let isLate = false;
    try {
      for (const [key, item] of found.entries()) {
        const value = toItem(run, item, info, { prev, key, typename: undefined });
        answer.push(value);
        isLate ||= value instanceof Promise;
      }
    } catch (error) {
      abandon(found);
      abandon(answer);
      throw error;
    }
    return isLate ? Promise.all(answer) : answer;
  };
}
