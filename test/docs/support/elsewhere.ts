/** Pages whose blocks a test of their own executes, and pages that may be missing. */

export interface Elsewhere {
  /** A page, or a folder of pages with a slash at its end. */
  readonly pages: string;
  /** Of the blocks that are looked at there; the others are looked at here. */
  readonly languages: readonly string[];
  /** The test that does it. */
  readonly by: string;
}

/** Add a line for pages with another kind of block. Each is only heeded while its test is there. */
export const ELSEWHERE: readonly Elsewhere[] = [
  // Its blocks are regions of the example clients, which are executed as they are.
  { pages: 'docs/clients.md', languages: ['ts', 'tsx', 'sh', 'graphql'], by: 'test/clients' },
];

/** Written apart from the pages that link there. */
export const MAY_BE_MISSING: ReadonlySet<string> = new Set([
  'docs/clients.md',
  'docs/operations/runbook.md',
]);
