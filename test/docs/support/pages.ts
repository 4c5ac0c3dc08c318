/** Every page of the project's documentation, taken apart. */

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Block {
  readonly page: string;
  /** Of its first line, counted from 1: `README.md:27` leads an editor there. */
  readonly at: string;
  readonly language: string;
  readonly text: string;
  /** Of a tested file, where a comment above the block names one: `<!-- path#name -->`. */
  readonly region: { readonly path: string; readonly name: string } | null;
}

export interface Page {
  /** Below the root of the repository. */
  readonly file: string;
  readonly text: string;
  /** In order. */
  readonly blocks: readonly Block[];
  /** Without its fenced blocks. */
  readonly prose: string;
  readonly links: readonly string[];
  /** What a link may name after `#`, as GitHub makes it of the headings. */
  readonly anchors: ReadonlySet<string>;
}

const FENCE = /^```(.*)\n([\s\S]*?)^```$/gm;

export function readPages(): Page[] {
  const isOurs = (path: string) => !/(^|\/)node_modules(\/|$)/.test(path);
  return globSync(['*.md', 'bench/*.md', 'bench/notes/*.md', 'docs/**/*.md', 'examples/**/*.md'], {
    cwd: ROOT,
    exclude: (path) => !isOurs(String(path)),
  })
    .map((file) => file.replaceAll('\\', '/'))
    .filter(isOurs)
    .sort()
    .map(readPage);
}

function readPage(file: string): Page {
  const text = readFileSync(`${ROOT}${file}`, 'utf8');
  const blocks = Array.from(text.matchAll(FENCE), ({ index, 1: language = '', 2: body = '' }) => ({
    page: file,
    at: `${file}:${text.slice(0, index).split('\n').length}`,
    language: language.trim(),
    text: body,
    region: toRegion(text.slice(0, index)),
  }));
  const prose = text.replaceAll(FENCE, '');
  return {
    file,
    text,
    blocks,
    prose,
    links: Array.from(prose.matchAll(/\]\(([^()\s]+)\)/g), ([, target = '']) => target),
    anchors: toAnchors(prose),
  };
}

function toRegion(above: string): Block['region'] {
  const [, path, name] = /<!-- (\S+)#(\S+) -->\s*$/.exec(above) ?? [];
  return path && name ? { path, name } : null;
}

function toAnchors(prose: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#+ +(.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}
