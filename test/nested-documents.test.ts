import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { TypedDocumentString } from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { startGatewayProcess } from './support/process.ts';
import { openWays } from './support/ways.ts';

function nest(count: number, before: string, inner: string, after: string): string {
  return before.repeat(count) + inner + after.repeat(count);
}

const toListValue = (count: number) =>
  `{ videos(states: ${nest(count, '[', '', ']')}) { __typename } }`;

/** So deep that they exceed the stack of every process. A message of a socket has at most 256 KiB. */
const UNPARSEABLE = {
  'a list value': toListValue(50_000),
  'an object value': `{ videos(states: ${nest(50_000, '{a:', '1', '}')}) { __typename } }`,
  'a list type': `query ($a: ${nest(50_000, '[', 'Int', ']')}) { __typename }`,
  'a selection': nest(50_000, '{a', '', '}'),
};

/** Each fragment spreads the next one, so parsing them takes no depth. */
const CHAIN = [
  '{ ...F0 }',
  ...Array.from({ length: 8_000 }, (_, n) => `fragment F${n} on Query{...F${n + 1}}`),
  'fragment F8000 on Query{__typename}',
].join('');

describe('a document that is nested too deeply for the stack', () => {
  it.each([
    ...Object.entries(UNPARSEABLE).map(([name, text]) => [name, text, 'PARSE'] as const),
    ['a chain of fragments', CHAIN, 'VALIDATION'] as const,
  ])('is an error of the client, over every transport: %s', async (_name, text, step) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { MAX_TOKENS: '1000000' });
    const document = new TypedDocumentString<unknown, Record<string, never>>(text);
    const { GET: _tooLong, 'SSE by GET': _alsoTooLong, ...ways } = await openWays(gateway, '');

    for (const [way, send] of Object.entries(ways)) {
      const answer = await send({ document, variables: {} });
      expect([way, answer]).toEqual([way, expect.stringContaining(`GRAPHQL_${step}_FAILED`)]);
      expect(answer).toContain('nested too deeply');
    }
  });

  it('is an error of the client in a process that has just started, too', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox);

    const document = new TypedDocumentString<unknown, Record<string, never>>(toListValue(1_900));
    const { errors } = await gateway.graphql(document, {});

    // Whether it fits depends on what the process has compiled so far.
    expect(errors?.[0]?.extensions.code).toMatch(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/);
    expect(await gateway.stop()).not.toContain('unexpected error');
  });
});
