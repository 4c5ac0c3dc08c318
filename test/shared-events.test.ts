import { buildSchema, parse } from 'graphql';
import { expect, it } from 'vitest';
import { createPlanner } from '../src/fast/execution/planner.ts';
import { createSharedEvents } from '../src/fast/shared-events.ts';
import { toText } from '../src/server/graphql/result-text.ts';

const schema = buildSchema(`
  type Query { ok: Boolean }
  type Subscription { tick(of: Int): Int }
`);

/** What a listener passes; its arguments are objects of its own. */
const toArgs = (document: ReturnType<typeof parse>, of: number) => ({
  schema,
  document,
  variableValues: { of },
});

it('executes and serialises an event once for equal subscriptions', () => {
  const execute = createSharedEvents(createPlanner(schema, 'subscription'), (result) => result);
  const document = parse('subscription ($of: Int) { tick(of: $of) }');
  let reads = 0;
  const event = {
    get tick() {
      reads += 1;
      return 7;
    },
  };

  const results = [1, 1, 1].map((of) => execute(toArgs(document, of), event));

  expect(results[0]).toMatchObject({ data: { tick: 7 } });
  expect(new Set(results).size).toBe(1);
  expect(reads).toBe(1);
  const [result] = results;
  if (!result || result instanceof Promise) throw new Error('not at once');
  expect(toText(result)).toBe('{"data":{"tick":7}}');

  expect(execute(toArgs(document, 2), event)).not.toBe(result);
  expect(execute(toArgs(document, 1), { tick: 7 })).not.toBe(result);
  expect(reads).toBe(2);
});
