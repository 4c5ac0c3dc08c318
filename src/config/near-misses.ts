/** Finds misspelt names of environment variables. */

export interface NearMiss {
  readonly name: string;
  readonly meant: string;
}

/** The edit distance that counts as a misspelling: one in five letters, at most three. */
const LETTERS_PER_MISTAKE = 5;
const MAX_MISTAKES = 3;

/** One result per name that is close to a known name, unless the known name is set as well. */
export function findNearMisses(names: readonly string[], known: readonly string[]): NearMiss[] {
  const present = new Set(names);
  const isKnown = new Set(known);
  return names.flatMap((name) => {
    if (isKnown.has(name)) return [];
    const meant = findNearest(name, known);
    return meant === null || present.has(meant) ? [] : [{ name, meant }];
  });
}

function findNearest(name: string, known: readonly string[]): string | null {
  let nearest: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const limit = Math.min(MAX_MISTAKES, Math.floor(candidate.length / LETTERS_PER_MISTAKE));
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const distance = countMistakes(name.toUpperCase(), candidate);
    if (distance > limit || distance >= least) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

/** Damerau-Levenshtein distance: letters omitted, added, replaced or swapped with their neighbour. */
function countMistakes(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
