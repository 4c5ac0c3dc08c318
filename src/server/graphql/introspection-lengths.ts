/** The average lengths of the lists in introspection, which multiply the cost of the fields below. */

import {
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';

/** By field name. No field of our own schema has one of these names. */
export function toIntrospectionLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const sum = (count: (type: (typeof types)[number]) => number) =>
    types.reduce((total, type) => total + count(type), 0);
  const toFields = (type: (typeof types)[number]) =>
    isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  const fields = sum((type) => toFields(type).length);
  const args = types.flatMap(toFields).reduce((total, field) => total + field.args.length, 0);
  const perType = (total: number) => total / types.length;
  return new Map([
    ['types', types.length],
    ['directives', schema.getDirectives().length],
    ['fields', perType(fields)],
    ['args', args / fields],
    [
      'inputFields',
      perType(sum((type) => (isInputObjectType(type) ? Object.keys(type.getFields()).length : 0))),
    ],
    ['enumValues', perType(sum((type) => (isEnumType(type) ? type.getValues().length : 0)))],
    ['interfaces', perType(sum((type) => (isObjectType(type) ? type.getInterfaces().length : 0)))],
    [
      'possibleTypes',
      perType(sum((type) => (isAbstractType(type) ? schema.getPossibleTypes(type).length : 0))),
    ],
  ]);
}
