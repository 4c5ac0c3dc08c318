import { describe, expect, it } from 'vitest';
import { readConfig, VARIABLE_NAMES } from '../../src/config.ts';
import { IN_THE_ENVIRONMENT } from '../support/mistakes.ts';
import { readPages } from './support/pages.ts';

/** What has no value of its own to be compared with. */
const IN_WORDS: Record<string, string> = {
  APIKLEY_API_KEY: 'required',
  PUBLIC_URL: '`http://HOST:PORT` and `BASE_PATH`',
  DRAIN_GRACE_MS: '5000, 0 on loopback',
  DATABASE_LISTEN_URL: '`DATABASE_URL`',
  GRAPHIQL: 'on in development',
  INTROSPECTION: 'on in development',
};

const page = readPages().find(({ file }) => file === 'docs/configuration.md');
const rows = Array.from(
  page?.prose.matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$/gm) ?? [],
  ([, name = '', fallback = '', meaning = '']) => ({ name, fallback, meaning }),
);

function toWord(value: unknown): string {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
    return '–';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

describe('docs/configuration.md', () => {
  it('lists every variable once, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(VARIABLE_NAMES.toSorted());
  });

  it('states the actual defaults', () => {
    const values = new Map<string, unknown>(Object.entries(readConfig({ APIKLEY_API_KEY: 'key' })));

    const wrong = rows.filter(
      ({ name, fallback }) => fallback !== (IN_WORDS[name] ?? toWord(values.get(name))),
    );

    expect(wrong).toEqual([]);
  });

  it('describes each variable', () => {
    expect(rows.filter(({ meaning }) => meaning.trim() === '')).toEqual([]);
  });
});

describe('the mistakes in docs/configuration.md', () => {
  const messages = Array.from(
    page?.prose.matchAll(/^\| [^|]+ \| `([A-Z_]+: .*)`.* \|$/gm) ?? [],
    // A bar would end the cell.
    ([, message = '']) => message.replaceAll('\\|', '|'),
  );

  it('are shown with the actual messages', () => {
    const told = Object.values(IN_THE_ENVIRONMENT).map(([, line]) => line);
    // Those of the machine name a place of one's own; test/mistakes.test.ts has their words.
    const shown = messages.filter((line) => !/^(PORT: 127|DATABASE_URL: the )/.test(line));

    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((line) => !told.includes(line))).toEqual([]);
  });
});
