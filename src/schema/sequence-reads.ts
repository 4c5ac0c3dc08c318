import { takeEvent } from '../delivery/stream.ts';
import { readSequence } from '../resolvers/sequence.ts';
import { subscribeSequence } from '../resolvers/sequence-updated.ts';
import { readSequences } from '../resolvers/sequences.ts';
import { builder } from './builder.ts';
import { SequenceStateType } from './enums.ts';
import { SequenceConnection, SequenceType } from './sequence.ts';

builder.queryField('sequence', (t) =>
  t.field({
    type: SequenceType,
    nullable: true,
    description: 'One sequence by its id. Null: unknown, or owned by someone else.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of a Sequence.' }) },
    resolve: (_root, args, ctx) => readSequence(args.id, ctx),
  }),
);

builder.queryField('sequences', (t) =>
  t.field({
    type: SequenceConnection,
    description: "The caller's sequences, newest first.",
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'The maximum number of items, 0 to 100.' }),
      after: t.arg.string({ description: 'Return items after this cursor.' }),
      states: t.arg({
        type: [SequenceStateType],
        description: 'Only sequences in one of these states.',
      }),
    },
    resolve: (_root, args, ctx) => readSequences(args, ctx),
  }),
);

builder.subscriptionField('sequenceUpdated', (t) =>
  t.field({
    type: SequenceType,
    description:
      'The current state of the sequence, then each change of its own and of the video that is being made. The stream ends when the sequence is COMPLETED or CANCELLED.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of a Sequence.' }) },
    subscribe: (_root, args, ctx) => subscribeSequence(args, ctx),
    resolve: (event) => takeEvent(event),
  }),
);
