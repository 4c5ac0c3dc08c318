/** What `/metrics` says, as Prometheus would read it. */

export interface Scrape {
  readonly text: string;
  /** The value of a series; undefined if there is none. Labels in any order. */
  get(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** The series of a metric whose value is not 0, as `label=value,…` in the order of the text. */
  counted(name: string): Record<string, number>;
  /** Every series there is, by its name and labels. */
  readonly series: ReadonlyMap<string, number>;
  /** The names of the labels that each metric has. */
  readonly labelsOf: ReadonlyMap<string, ReadonlySet<string>>;
}

const LINE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/;

/** @throws what is wrong with the text: a line that is none, or one series twice. */
export function parseScrape(text: string): Scrape {
  const series = new Map<string, number>();
  const labelsOf = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue;
    const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? [];
    const pairs = toPairs(labels);
    if (name === '' || Number.isNaN(Number(value.replace('+Inf', 'Infinity')))) {
      throw new Error(`Not a line of Prometheus' format: ${line}`);
    }
    const key = toKey(name, pairs);
    if (series.has(key)) throw new Error(`Twice: ${line}`);
    series.set(key, Number(value));
    const names = labelsOf.get(name) ?? new Set();
    for (const [label] of pairs) names.add(label);
    labelsOf.set(name, names);
  }
  return {
    text,
    series,
    labelsOf,
    get: (name, labels = {}) => series.get(toKey(name, Object.entries(labels))),
    counted: (name) =>
      Object.fromEntries(
        [...series]
          .filter(([key, value]) => key.split('{')[0] === name && value !== 0)
          .map(([key, value]) => [key.slice(name.length + 1, -1), value]),
      ),
  };
}

export async function scrape(gateway: { url: string }, token?: string): Promise<Scrape> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${gateway.url}/metrics`, { headers });
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}.`);
  return parseScrape(await response.text());
}

function toPairs(labels: string): [string, string][] {
  return [...labels.matchAll(/([a-z_]+)="([^"\\]*)"(?:,|$)/g)].map(([, label = '', value = '']) => [
    label,
    value,
  ]);
}

function toKey(name: string, pairs: readonly (readonly [string, string])[]): string {
  const labels = pairs.map(([label, value]) => `${label}=${value}`).sort();
  return `${name}{${labels.join(',')}}`;
}
