/** Limits the depth, cost and other sizes of a document before it is executed. */

import {
  type ASTVisitor,
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import type { Config } from '../../config.ts';
import { DEFAULT_DEPTH, DEFAULT_PAGE, MAX_PAGE } from '../../resolvers/pages.ts';
import { toIntrospectionLengths } from './introspection-lengths.ts';

type Limits = Pick<
  Config,
  'MAX_DEPTH' | 'MAX_ALIASES' | 'MAX_DIRECTIVES' | 'MAX_COST' | 'MAX_SUBMITS'
>;

/**
 * What a field costs in addition to those below it, measured: 100,000 are some 50 ms of the event loop and, at
 * the database, less than a second. Fields below a list count once per item.
 */
interface Price {
  readonly base: number;
  /** For each row of a list. */
  readonly item?: number;
  /** Of a list whose length is left open. */
  readonly length?: number;
}

const FIELD: Price = { base: 1 };
/** A list takes one SQL statement. */
const LIST: Price = { base: 50, item: 4, length: DEFAULT_PAGE };
/** May be read from the upstream. */
const VIDEO: Price = { base: 50 };
/** The mutations that cost money. */
const SUBMITS: ReadonlySet<string> = new Set([
  ...['extendVideo', 'generateVideo', 'createSequence', 'resumeSequence'],
]);
const SUBMIT: Price = { base: 100 };
/** Reads the queue. */
const SCHEDULE: Price = { base: 20 };
/** Tries of a shot: most have one. */
const TRIES = 2;
const PRICES: ReadonlyMap<string, Price> = new Map([
  ...[...SUBMITS].map((name): [string, Price] => [name, SUBMIT]),
  ['videos', LIST],
  ['completions', LIST],
  ['extensions', LIST],
  ['ancestors', { base: 10, item: 4, length: DEFAULT_DEPTH }],
  ['source', VIDEO],
  ['schedule', SCHEDULE],
  ['estimatedFinishAt', SCHEDULE],
  ['withdrawVideo', { base: 100 }],
  ['cancelSequence', { base: 100 }],
  ['sequences', LIST],
  ['sequence', { base: 20 }],
  ['shots', { base: 20, item: 4, length: DEFAULT_PAGE }],
  ['tries', { base: 4, item: 4, length: TRIES }],
  ['deleteVideo', VIDEO],
]);
/** Without an argument they are part of what has been read: the node of an edge, the video of an event. */
const READS: ReadonlySet<string> = new Set(['node', 'video']);

interface Size {
  depth: number;
  aliases: number;
  directives: number;
  submits: number;
  cost: number;
}

const NOTHING: Size = { depth: 0, aliases: 0, directives: 0, submits: 0, cost: 0 };

/** A validation rule, so that it applies to every transport, once per document. */
export function createLimitsRule(
  limits: Limits,
  schema: GraphQLSchema,
): (context: ValidationContext) => ASTVisitor {
  const introspection = toIntrospectionLengths(schema);
  return (context) => ({
    OperationDefinition(operation) {
      const measured = createMeasure(context, introspection)(operation.selectionSet);
      const size = { ...measured, directives: measured.directives + count(operation.directives) };
      const faults = [
        [size.depth, limits.MAX_DEPTH, 'levels deep'],
        [size.aliases, limits.MAX_ALIASES, 'aliases'],
        [size.directives, limits.MAX_DIRECTIVES, 'directives'],
        [size.submits, limits.MAX_SUBMITS, 'submits in one operation'],
        [size.cost, limits.MAX_COST, 'in cost'],
      ] as const;
      for (const [found, most, what] of faults) {
        if (found <= most) continue;
        context.reportError(
          new GraphQLError(
            `The operation is too large: ${found} ${what}, at most ${most} are allowed.`,
            {
              nodes: operation,
            },
          ),
        );
      }
    },
  });
}

/** Measures each fragment once, because nested fragment spreads would take exponential time. */
function createMeasure(
  context: ValidationContext,
  introspection: ReadonlyMap<string, number>,
): (selections: SelectionSetNode) => Size {
  const fragments = new Map<string, Size>();

  function measure({ selections }: SelectionSetNode): Size {
    const size = { ...NOTHING };
    for (const selection of selections) {
      size.directives += count(selection.directives);
      switch (selection.kind) {
        case Kind.FIELD:
          add(size, measureField(selection));
          break;
        case Kind.INLINE_FRAGMENT:
          add(size, measure(selection.selectionSet));
          break;
        case Kind.FRAGMENT_SPREAD:
          add(size, measureFragment(selection.name.value));
          break;
      }
    }
    return size;
  }

  function measureFragment(name: string): Size {
    const known = fragments.get(name);
    if (known) return known;
    // Ends a cycle of fragments, which another rule refuses.
    fragments.set(name, NOTHING);
    const fragment = context.getFragment(name);
    const size = fragment ? measure(fragment.selectionSet) : NOTHING;
    fragments.set(name, size);
    return size;
  }

  function measureField(field: FieldNode): Size {
    const inner = field.selectionSet ? measure(field.selectionSet) : NOTHING;
    const isSubmit = SUBMITS.has(field.name.value);
    const { base, item = 0, length = introspection.get(field.name.value) ?? 1 } = toPrice(field);
    return {
      depth: inner.depth + 1,
      aliases: inner.aliases + (field.alias ? 1 : 0),
      directives: inner.directives,
      submits: inner.submits + (isSubmit ? 1 : 0),
      cost: base + Math.ceil((item + inner.cost) * toLength(field, length)),
    };
  }

  return measure;
}

function toPrice({ name, arguments: args }: FieldNode): Price {
  if (READS.has(name.value)) return count(args) > 0 ? VIDEO : FIELD;
  return PRICES.get(name.value) ?? FIELD;
}

/** The maximum length of a list. The values of variables are not known yet. */
function toLength(field: FieldNode, fallback: number): number {
  const first = field.arguments?.find((argument) => argument.name.value === 'first')?.value;
  if (first === undefined) return fallback;
  // A negative number is refused at execution, and must not reduce the cost here.
  return first.kind === Kind.INT ? Math.min(Math.max(Number(first.value), 0), MAX_PAGE) : MAX_PAGE;
}

function add(size: Size, other: Size): void {
  size.depth = Math.max(size.depth, other.depth);
  size.aliases += other.aliases;
  size.directives += other.directives;
  size.submits += other.submits;
  size.cost += other.cost;
}

function count(list: readonly unknown[] | undefined): number {
  return list?.length ?? 0;
}
