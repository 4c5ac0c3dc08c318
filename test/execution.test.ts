import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import {
  buildSchema,
  type ExecutionResult,
  execute,
  executeSubscriptionEvent,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  parse,
  type ValidatedSubscriptionArgs,
  validate,
  validateSubscriptionArgs,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { createPlanner } from '../src/fast/execution/planner.ts';
import { chooseRounds } from './support/rounds.ts';

const RUNS = chooseRounds({ few: 80, all: 500 });

/** All kinds of types and nulls, more than the gateway's own schema has. */
const SDL = `
  interface Named { name: String }
  union Thing = A | B | C
  enum Kind { ONE TWO }
  type A implements Named { name: String, strict: String!, kind: Kind, a: A, b: B!, things: [Thing] }
  type B implements Named { name: String, number(by: Int = 2, more: [Int!], of: In): Int, named: Named, all: [A!]!, rows: [[Int]] }
  type C { title: String, name: String }
  input In { x: Int = 1, y: Kind! = ONE }
  type Query { a: A, b: B!, named: Named, thing: Thing!, things: [Thing!], number(by: Int!): Int }
  type Subscription { a: A, b: B! }
`;

/** What a field gives, by its place: the same each time, at once or later, a failure here and there. */
type Behaviour = (place: string) => number;

function toValue(typeName: string, place: string, behave: Behaviour, depth: number): unknown {
  const number = behave(place);
  if (number === 0) return null;
  if (number === 1) throw new Error(`thrown at ${place}`);
  if (number === 2) return new Error(`given at ${place}`);
  if (number === 3) return Promise.reject(new Error(`later at ${place}`));
  if (number === 4) return Promise.resolve(null);
  const value = toGood(typeName, number, depth);
  if (number === 5) return Promise.resolve(value);
  // biome-ignore lint/suspicious/noThenProperty: a resolver may give any thenable.
  if (number === 6) return { then: (next: (value: unknown) => void) => next(value) };
  return value;
}

function toGood(typeName: string, number: number, depth: number): unknown {
  if (typeName.startsWith('[')) {
    return depth > 4 ? [] : [1, 2].map((key) => toGood(typeName.slice(1, -1), number + key, depth));
  }
  switch (typeName) {
    case 'Int':
      return number === 9 ? 'no number' : number;
    case 'Kind':
      return number === 9 ? 'NO' : 'ONE';
    case 'String':
      return `text ${number}`;
    case 'Named':
      return { kind: number === 9 ? 'Kind' : number % 2 ? 'A' : 'B', isLate: number === 8 };
    case 'Thing':
      return { kind: ['A', 'B', 'C', 'Kind'][number % 4], isLate: number === 8 };
    default:
      return { kind: typeName };
  }
}

function createSchema(behave: Behaviour): GraphQLSchema {
  const schema = buildSchema(SDL);
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isInterfaceType(type) || type.name === 'Thing') {
      Object.assign(type, {
        resolveType: ({ kind, isLate }: { kind: string; isLate: boolean }) =>
          isLate ? Promise.resolve(kind) : kind,
      });
    }
    if (!isObjectType(type)) continue;
    if (type.name === 'B') {
      Object.assign(type, { isTypeOf: ({ kind }: { kind?: string }) => kind !== 'A' });
    }
    for (const field of Object.values(type.getFields())) {
      const named = String(field.type).replaceAll('!', '');
      field.resolve = (_source, args, _context, info) => {
        const place = `${String(info.path.prev?.key)}.${String(info.path.key)} ${JSON.stringify(args)}`;
        return toValue(named, place, behave, toDepth(info.path));
      };
    }
  }
  return schema;
}

function toDepth(path: { prev: unknown } | undefined): number {
  return path ? 1 + toDepth(path.prev as { prev: unknown } | undefined) : 0;
}

const condition = fc.constantFrom(
  '',
  '',
  '',
  '',
  ' @include(if: $f)',
  ' @skip(if: $g)',
  ' @skip(if: false)',
);

const { selectA, selectB } = fc.letrec<Record<'a' | 'b' | 'selectA' | 'selectB', string>>(
  (tie) => ({
    a: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          'name§',
          'strict§',
          'kind§',
          '__typename§',
          'x: name§',
          '...FA§',
        ),
      },
      ...['a', 'x: a'].map((key) => tie('selectA').map((inner) => `${key}§ ${inner}`)),
      tie('selectB').map((inner) => `b§ ${inner}`),
      fc
        .tuple(tie('selectA'), tie('selectB'))
        .map(
          ([a, b]) =>
            `things§ { __typename ... on Named { name } ... on C { title } ... on A ${a} ... on B ${b} }`,
        ),
      tie('selectA').map((inner) => `... on A§ ${inner}`),
    ),
    b: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          ...['name§', 'rows§', '__typename§', '...FB§', 'number§', 'y: number(by: $n)§'],
          ...['v: number(by: 3, more: [1, $m])§', 'z: number(of: { x: $n, y: TWO })§'],
        ),
      },
      fc
        .tuple(tie('selectA'), tie('selectB'))
        .map(([a, b]) => `named§ { name ... on A ${a} ...FA ... on B ${b} }`),
      tie('selectA').map((inner) => `all§ ${inner}`),
      tie('selectB').map((inner) => `... on Named§ { ... on B ${inner} }`),
    ),
    selectA: fc
      .array(fc.tuple(tie('a'), condition), { minLength: 1, maxLength: 3, depthIdentifier: 'all' })
      .map(toSelection),
    selectB: fc
      .array(fc.tuple(tie('b'), condition), { minLength: 1, maxLength: 3, depthIdentifier: 'all' })
      .map(toSelection),
  }),
);

/** The mark in a field is the place of its condition. */
function toSelection(fields: [string, string][]): string {
  return `{ ${fields.map(([field, when]) => field.replace('§', when)).join(' ')} }`;
}

const HEAD = '($f: Boolean! = true, $g: Boolean = false, $n: Int = 4, $m: Int! = 5)';
const variables = fc.record(
  {
    f: fc.constantFrom<unknown>(true, false, true, false, true, false, 'no'),
    g: fc.constantFrom<unknown>(true, false, true, false, true, false, null),
    n: fc.constantFrom<unknown>(7, 8, 9, 10, 11, null, 'x'),
    m: fc.constantFrom<unknown>(8, 9),
  },
  { requiredKeys: [] },
);

/** Mostly what goes well, by a seed: what is asked twice of one place is the same. */
function toBehaviour(seed: number, faults: number): Behaviour {
  return (place) => {
    let hash = seed;
    for (const letter of place) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8;
    return hash % 100 < faults ? (hash >>> 7) % 10 : 5 + ((hash >>> 7) % 4);
  };
}

/** The order of errors is that in which fields fail, which is not guaranteed. */
function toComparable(result: ExecutionResult) {
  const errors = result.errors?.map((error) => JSON.stringify(error)).sort();
  return { text: JSON.stringify(result.data), errors };
}

describe('a planned query gets the same result as from the executor', () => {
  it.each([
    ['a query', 'query', 0],
    ['a query, with faults', 'query', 8],
    ['an event', 'subscription', 0],
    ['an event, with faults', 'subscription', 8],
  ] as const)('%s', async (_name, kind, faults) => {
    let answered = 0;
    let failed = 0;
    const roots = kind === 'query' ? ['a', 'b', 'named', 'thing', 'things', 'number'] : ['a', 'b'];
    const root = fc
      .tuple(fc.constantFrom(...roots), condition, selectA, selectB)
      .map(([name, when, a, b]) => {
        if (name === 'a') return `a${when} ${a}`;
        if (name === 'b') return `b${when} ${b}`;
        if (name === 'number') return `number(by: $n)${when}`;
        const common = name === 'named' ? 'name' : '... on Named { name } ... on C { title }';
        return `${name}${when} { ${common} ... on A ${a} ... on B ${b} }`;
      });
    const all = fc.record({
      root:
        kind === 'query'
          ? fc.array(root, { minLength: 1, maxLength: 3 })
          : fc.array(root, { minLength: 1, maxLength: 1 }),
      fa: selectA,
      fb: selectB,
      seed: fc.integer(),
      variables: fc.array(variables, { minLength: 1, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(all, async ({ root, fa, fb, seed, variables }) => {
        const schema = createSchema(toBehaviour(seed, faults));
        const text = `${kind} ${HEAD} { ${root.join(' ')} } fragment FA on A ${fa.replaceAll('...FA', 'name')} fragment FB on B ${fb.replaceAll('...FB', 'name')}`;
        const document = parse(text);
        const faultsOfText = validate(schema, document).filter(
          ({ message }) => !/is never used|Fragment "F/.test(message),
        );
        fc.pre(faultsOfText.length === 0);
        const planned = createPlanner(schema, kind).find(document, undefined);
        if (!planned) throw new Error('not planned');
        for (const variableValues of variables) {
          const args = { schema, document, variableValues, rootValue: {}, contextValue: {} };
          const found = await planned({}, {}, variableValues);
          if (!found) continue;
          if (found.errors) failed += 1;
          else answered += 1;
          const expected = await (kind === 'query'
            ? execute(args)
            : executeSubscriptionEvent(
                validateSubscriptionArgs(args) as ValidatedSubscriptionArgs,
              ));
          expect(toComparable(found)).toEqual(toComparable(expected));
        }
      }),
      { numRuns: RUNS },
    );
    // Or nothing would have been compared.
    expect(answered).toBeGreaterThan(0.4 * RUNS);
    expect(failed).toBeGreaterThan(0.04 * RUNS);
  });

  it('with more combinations of conditions than are planned', async () => {
    const schema = createSchema(toBehaviour(1, 0));
    const names = ['a', 'b', 'c', 'd', 'e'];
    const head = names.map((name) => `$${name}: Boolean!`).join();
    const fields = names.map((name) => `${name}: __typename @include(if: $${name})`).join(' ');
    const document = parse(`query (${head}) { ${fields} }`);
    const planned = createPlanner(schema, 'query').find(document, undefined);
    let answered = 0;
    for (let ways = 0; ways < 2 ** names.length; ways += 1) {
      const given = names.map((name, bit) => [name, ((ways >> bit) & 1) === 1] as const);
      const found = await planned?.({}, {}, Object.fromEntries(given));
      if (!found) continue;
      answered += 1;
      const keys = given.filter(([, isIn]) => isIn).map(([name]) => name);
      expect(Object.keys(found.data ?? {})).toEqual(keys);
    }
    expect(answered).toBe(16);
  });
});

describe('a query that is not planned', () => {
  const schema = createSchema(toBehaviour(1, 0));

  it.each([
    ['a mutation', 'mutation { a { name } }', undefined],
    ['a subscription among queries', 'subscription { a { name } }', undefined],
    ['an operation of no such name', 'query A { a { name } }', 'B'],
    ['one of two without a name', 'query A { a { name } } query B { a { name } }', undefined],
  ])('%s', (_name, text, operationName) => {
    expect(createPlanner(schema, 'query').find(parse(text), operationName)).toBeNull();
  });

  it('with a response key that objects cannot have as an own key', async () => {
    const document = parse('{ __proto__: __typename }');
    const planned = createPlanner(schema, 'query').find(document, undefined);
    expect(await planned?.({}, {}, {})).toBeNull();
  });
});

it('an invalid variable is validated only up to its first error', async () => {
  const schema = createSchema(toBehaviour(1, 0));
  const document = parse('query ($more: [Int!]) { b { number(more: $more) } }');
  let taken = 0;
  function* wrong() {
    for (let n = 0; n < 1_000; n += 1) {
      taken += 1;
      yield 'no number';
    }
  }
  const more = { [Symbol.iterator]: wrong };

  const planned = createPlanner(schema, 'query').find(document, undefined);

  expect(await planned?.({}, {}, { more })).toBeNull();
  expect(taken).toBeLessThan(10);
});

it('text that looks like another condition is not confused with it', async () => {
  const schema = createSchema(toBehaviour(1, 0));
  const document = parse(`
    query A($x: Boolean!, $y: Boolean!, $z: Boolean!) { a: __typename @include(if: $x) b: __typename @include(if: $y) c: __typename @include(if: $z) }
    query B($x: String!, $y: Boolean!, $z: String!) { y: __typename @include(if: $y) z: __type(name: $x) { name } __type(name: $z) { name } }`);
  const planned = createPlanner(schema, 'query').find(document, 'B');

  const first = await planned?.({}, {}, { x: 'p,true', y: false, z: 'q' });
  const second = await planned?.({}, {}, { x: 'p', y: true, z: 'false,q' });

  expect(Object.keys(first?.data ?? {})).toEqual(['z', '__type']);
  expect(Object.keys(second?.data ?? {})).toEqual(['y', 'z', '__type']);
});

it('a variable of one operation may have the name of another operation’s condition', async () => {
  const schema = createSchema(toBehaviour(1, 0));
  const document = parse(
    'query A($x: Boolean!) { __typename @include(if: $x) } query B($x: In) { b { number(of: $x) } }',
  );
  const x = { y: 'ONE' };
  const planned = createPlanner(schema, 'query').find(document, 'B');
  const expected = await execute({ schema, document, operationName: 'B', variableValues: { x } });
  expect(toComparable((await planned?.({}, {}, { x })) ?? {})).toEqual(toComparable(expected));
});

it('a rejection that no caller awaits is not unhandled', async () => {
  const schema = buildSchema('type Query { list: [Int!] }');
  const list = schema.getQueryType()?.getFields().list;
  if (list) list.resolve = () => [null, Promise.reject(new Error('of the second item'))];
  const failures: unknown[] = [];
  const note = (failure: unknown) => failures.push(failure);
  process.on('unhandledRejection', note);

  const planned = createPlanner(schema, 'query').find(parse('{ list }'), undefined);
  expect(await planned?.({}, {}, {})).toBeNull();
  // Unhandled rejections are reported after the microtasks.
  await new Promise(setImmediate);

  process.off('unhandledRejection', note);
  expect(failures).toEqual([]);
});

it('a plan keeps no values of the variables that it was made with', async () => {
  const schema = createSchema(toBehaviour(1, 0));
  const given: WeakRef<object>[] = [];
  const number = (schema.getType('B') as GraphQLObjectType).getFields().number;
  if (number) {
    number.resolve = (_source, { of }) => {
      given.push(new WeakRef(of));
      return 1;
    };
  }
  const document = parse(
    'query ($of: In, $f: Boolean!) { b { __typename @include(if: $f) number(of: $of) } }',
  );
  const planner = createPlanner(schema, 'query');
  await planner.find(document, undefined)?.({}, {}, { of: { y: 'ONE' }, f: true });
  // What a turn has looked at through a WeakRef is kept until it ends.
  await new Promise(setImmediate);

  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();

  expect(planner.find(document, undefined)).not.toBeNull();
  expect(given.map((one) => one.deref())).toEqual([undefined]);
});

it('old plans are evicted', async () => {
  const schema = createSchema(toBehaviour(1, 0));
  const planner = createPlanner(schema, 'query');
  const [first, ...others] = Array.from({ length: 60 }, (_, seed) =>
    parse(
      `{ ${Array.from({ length: 1_000 }, (_, key) => `f${key}: __typename`).join(' ')} s${seed}: __typename }`,
    ),
  );
  if (!first) throw new Error('no document');
  const planned = planner.find(first, undefined);
  await planned?.({}, {}, {});
  expect(planner.find(first, undefined)).toBe(planned);
  for (const document of others) await planner.find(document, undefined)?.({}, {}, {});
  expect(planner.find(first, undefined)).not.toBe(planned);
});
