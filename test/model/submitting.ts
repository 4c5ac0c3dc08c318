/** Submits as a client sends them. */

import type { TypedDocumentString } from '../generated/graphql.ts';
import type { GraphQLAnswer } from '../support/gateway.ts';
import { extendOf, generateOf, toResult } from '../support/submit-kinds.ts';
import { type ModelTask, toKind } from './model.ts';
import type { ModelSite } from './sites.ts';

export interface Submitted {
  readonly type: string;
  /** The gateway's id; null if the answer names no video. */
  readonly id: string | null;
  readonly cursor: string | null;
}

export async function createSubmitter(site: ModelSite) {
  /** On one socket submits are processed in order, so the answer to the second shows that the first has started. */
  let socket = await site.next().socket();

  function send<Data, Variables>(
    key: string | null,
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<GraphQLAnswer<Data> | undefined> {
    if (key === null || !site.isOrdered) return site.next().graphql(document, variables);
    return socket.subscribe(document, variables).next();
  }

  return {
    async submit(key: string | null, input: number): Promise<Submitted> {
      const common = { prompt: toPrompt({ key, input }), idempotencyKey: key };
      const answer =
        toKind(input) === 'generate'
          ? await send(key, ...generateOf(common))
          : await send(key, ...extendOf(common));
      if (!answer) throw new Error('cut off');
      const { data, errors } = answer;
      if (errors) throw new Error(JSON.stringify(errors));
      const result = toResult(data);
      if (!result) throw new Error('no result');
      const video = 'video' in result ? result.video : 'inDoubt' in result ? result.inDoubt : null;
      const id = video?.id ?? null;
      const cursor = 'cursor' in result ? result.cursor : null;
      return { type: result.__typename, id, cursor };
    },
    async reconnect(): Promise<void> {
      socket = await site.next().socket();
    },
  };
}

export function toPrompt({ key, input }: Pick<ModelTask, 'key' | 'input'>): string {
  return key === null ? `alone ${input}` : `${key} ${input}`;
}
