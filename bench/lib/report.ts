/** The numbers of a run as tables. */

import type { SubjectName } from './subjects.ts';

export interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly values: Partial<Record<SubjectName | 'direct', number[]>>;
}

export function createMeasure(
  title: string,
  unit: string,
): Measure & {
  add(subject: SubjectName | 'direct', value: number): void;
} {
  const values: Measure['values'] = {};
  return {
    title,
    unit,
    values,
    add(subject, value) {
      values[subject] = [...(values[subject] ?? []), value];
    },
  };
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[] | undefined): number {
  const sorted = [...(values ?? [])].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/**
 * How many times as much as `base`. If both were measured in every round, it is the median of the ratios
 * within each round, because a machine that is slow for a while is slow for both.
 */
export function toRatio(
  { values }: Measure,
  subject: keyof Measure['values'],
  base: keyof Measure['values'],
): number {
  const [own, others] = [values[subject] ?? [], values[base] ?? []];
  if (own.length !== others.length) return median(own) / median(others);
  return median(own.map((value, index) => value / (others[index] ?? Number.NaN)));
}

export function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

export function toTable(measure: Measure): string {
  const { title, unit, values } = measure;
  const hasTextbook = values.textbook !== undefined;
  const lines = Object.entries(values).map(([subject, all]) => {
    const spread = all.length > 1 ? `${round(Math.min(...all))} – ${round(Math.max(...all))}` : '';
    const ratio = toRatio(measure, subject as keyof typeof values, 'textbook');
    return toRow([subject, round(median(all)), spread, ...(hasTextbook ? [round(ratio)] : [])]);
  });
  const head = ['subject', 'median', 'range', ...(hasTextbook ? ['× textbook'] : [])];
  return [
    `**${title}**${unit && ` (${unit})`}`,
    '',
    toRow(head),
    toRow(head.map(() => '---')),
    ...lines,
    '',
  ].join('\n');
}

export function toRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
