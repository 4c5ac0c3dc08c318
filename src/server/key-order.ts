/** Whether the order of an answer's keys is known before its variables are. */

import { type FieldNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

/**
 * Selections, counted anew wherever a fragment is spread, above which it is not looked any further:
 * fragments that spread each other twice are as many as two to the power of their number.
 */
const MOST_SELECTIONS = 500;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

interface Occurrence {
  readonly field: FieldNode;
  /** Whether `@skip` or `@include` may leave it out. */
  readonly isConditional: boolean;
}

/**
 * A key stands where the first of its fields that is not left out stands. So with one that may be
 * left out and another one of the same key, the order depends on the variables. False as well for
 * what is too large to tell.
 *
 * @see https://spec.graphql.org/draft/#sec-Field-Collection
 */
export function isKeyOrderFixed(selections: SelectionSetNode, fragments: Fragments): boolean {
  const walk = { fragments, selectionsLeft: MOST_SELECTIONS };
  return isOrderFixed([{ selections, isConditional: false }], walk);
}

interface Walk {
  readonly fragments: Fragments;
  selectionsLeft: number;
}

interface Part {
  readonly selections: SelectionSetNode;
  readonly isConditional: boolean;
}

/** @param parts of one object: the selections of all fields that make it. */
function isOrderFixed(parts: readonly Part[], walk: Walk): boolean {
  const byKey = new Map<string, Occurrence[]>();
  for (const { selections, isConditional } of parts) {
    collect(selections, isConditional, walk, byKey);
  }
  if (walk.selectionsLeft < 0) return false;
  for (const occurrences of byKey.values()) {
    if (occurrences.length > 1 && occurrences.some((one) => one.isConditional)) return false;
    const inner = occurrences.flatMap(({ field }) =>
      field.selectionSet ? [{ selections: field.selectionSet, isConditional: false }] : [],
    );
    if (inner.length > 0 && !isOrderFixed(inner, walk)) return false;
  }
  return true;
}

/** Fragments of all types alike: an object meets some of them, and in the same order. */
function collect(
  { selections }: SelectionSetNode,
  isWithin: boolean,
  walk: Walk,
  byKey: Map<string, Occurrence[]>,
): void {
  for (const selection of selections) {
    walk.selectionsLeft -= 1;
    if (walk.selectionsLeft < 0) return;
    const isConditional = isWithin || (selection.directives?.length ?? 0) > 0;
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value;
      const occurrences = byKey.get(key) ?? [];
      occurrences.push({ field: selection, isConditional });
      byKey.set(key, occurrences);
      continue;
    }
    const selected =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection.selectionSet
        : walk.fragments.get(selection.name.value)?.selectionSet;
    if (selected) collect(selected, isConditional, walk, byKey);
  }
}
