import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { TypedDocumentString } from '../generated/graphql.ts';
import { type GraphQLAnswer, startGateway, type TestGateway } from '../support/gateway.ts';
import { groupByPage, readBlocks } from './support/blocks.ts';

type Data = Record<string, unknown>;

/** Fields whose values differ in each run; a page shows one example. */
const OWN_VALUES = /^(id|taskId|cursor|startCursor|endCursor|videoUrl|coverUrl|deadline|\w+At)$/;

const pages = groupByPage(
  readBlocks().filter(({ language }) => language === 'graphql' || language === 'json'),
);

describe('the operations of the pages return the answers that the pages show', () => {
  it.each(pages)('%s', async (_page, blocks) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    /** The actual values for the ids and cursors of the page. */
    const real = new Map<string, string>();
    let answer: GraphQLAnswer<Data> | undefined;

    for (const { at, language, text } of blocks) {
      if (language === 'json') {
        expect(answer, `${at} follows no operation`).toBeDefined();
        compare(JSON.parse(text), answer, real, at);
        answer = undefined;
        continue;
      }
      let operation = text;
      for (const [shown, own] of real) operation = operation.replaceAll(shown, own);
      answer = await execute(gateway, sandbox, operation);
      expect(answer?.errors, at).toBeUndefined();
      expect(Object.values(answer?.data ?? { nothing: null }), at).not.toContain(null);
    }
  });
});

/** The answer to an operation; of a subscription the first event, once every task has ended. */
async function execute(
  gateway: TestGateway,
  sandbox: Sandbox,
  text: string,
): Promise<GraphQLAnswer<Data> | undefined> {
  const [definition] = parse(text).definitions;
  const isSubscription =
    definition?.kind === 'OperationDefinition' && definition.operation === 'subscription';
  if (!isSubscription) return gateway.send<Data>(text);

  const stream = await gateway.sse(new TypedDocumentString<Data, object>(text), {});
  for (const { taskId, state } of sandbox.tasks.values()) {
    if (state !== 'success' && state !== 'fail') await sandbox.complete(taskId);
  }
  const event = await stream.next();
  stream.close();
  return event;
}

/** The same shape, and the same values but for those that are a gateway's own. */
function compare(shown: unknown, given: unknown, real: Map<string, string>, at: string): void {
  if (Array.isArray(shown) && Array.isArray(given)) {
    expect(given.length, at).toBe(shown.length);
    for (const [n, item] of shown.entries()) compare(item, given[n], real, at);
    return;
  }
  if (!isObject(shown) || !isObject(given)) {
    expect(given, at).toEqual(shown);
    return;
  }
  expect(Object.keys(given).sort(), at).toEqual(Object.keys(shown).sort());
  for (const [name, value] of Object.entries(shown)) {
    const own = given[name];
    if (OWN_VALUES.test(name) && typeof value === 'string' && typeof own === 'string') {
      // What is the same at every start stays as it is: the original of the sandbox.
      if (value !== own) real.set(value, own);
    } else compare(value, own, real, `${at} ${name}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
