import { cancelSequence } from '../resolvers/cancel-sequence.ts';
import { createSequence } from '../resolvers/create-sequence.ts';
import { resumeSequence } from '../resolvers/resume-sequence.ts';
import type { Sequence } from '../sequence.ts';
import { builder } from './builder.ts';
import { AspectRatioType, VideoQualityType } from './enums.ts';
import { findErrorsOf } from './errors.ts';
import { SequenceType } from './sequence.ts';

const OriginalInput = builder.inputType('OriginalInput', {
  description: 'A video to make first. It has the quality and the watermark of the sequence.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description: 'What the video should show. At most 1800 characters; not blank.',
    }),
    imageUrl: t.string({
      description:
        'The http(s) address of an image that the video starts with. The image determines the aspect ratio.',
    }),
    aspectRatio: t.field({
      type: AspectRatioType,
      description: 'Required without an image; not allowed with one.',
    }),
    duration: t.int({
      required: true,
      defaultValue: 5,
      description: 'Seconds: 5 or 10. 10 seconds are not available in P1080.',
    }),
  }),
});

const SequenceStartInput = builder.inputType('SequenceStartInput', {
  isOneOf: true,
  description: 'What the first shot extends: exactly one of the two.',
  fields: (t) => ({
    video: t.id({
      description:
        "An existing video: the upstream's task id, or the `id` of a Video. One that was made through the gateway may still be in progress: the first shot then waits for its end.",
    }),
    original: t.field({ type: OriginalInput, description: 'A video to make first. It is paid.' }),
  }),
});

const ShotInput = builder.inputType('ShotInput', {
  description: 'One extension.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description: 'What should happen next. At most 2048 characters; not blank.',
    }),
    quality: t.field({
      type: VideoQualityType,
      description: 'The resolution. Omitted: that of the sequence.',
    }),
    waterMark: t.string({
      description: 'Text for the bottom right corner. Omitted: that of the sequence.',
    }),
  }),
});

const CreateSequenceInput = builder.inputType('CreateSequenceInput', {
  description: 'The start, the shots and their settings.',
  fields: (t) => ({
    start: t.field({
      type: SequenceStartInput,
      required: true,
      description: 'What the first shot extends.',
    }),
    shots: t.field({
      type: [ShotInput],
      required: true,
      description: 'At least one, and at most `SEQUENCE_MAX_SHOTS` (20). Each is paid once.',
    }),
    quality: t.field({
      type: VideoQualityType,
      required: true,
      description: 'The resolution of the original, and of shots that name none.',
    }),
    waterMark: t.string({
      description:
        'Text for the bottom right corner of the original, and of shots that name none. Omitted or empty: no watermark.',
    }),
    retries: t.int({
      required: true,
      defaultValue: 0,
      description:
        'How many new tries a shot, or the original, gets if it fails for a temporary reason (`VideoFailure.retryable`). Each try is paid. 0 to 5.',
    }),
    idempotencyKey: t.string({
      required: true,
      description:
        '1 to 255 printable characters of your choice. The same key with the same input is one sequence, however often it is sent.',
    }),
  }),
});

const ResumeSequenceInput = builder.inputType('ResumeSequenceInput', {
  description: 'The sequence to resume, and new shots if any.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The `id` of the sequence.' }),
    shots: t.field({
      type: [ShotInput],
      description:
        'Replaces the shot that failed and all shots after it. Omitted: the shots stay as they are.',
    }),
    idempotencyKey: t.string({
      required: true,
      description:
        '1 to 255 printable characters of your choice. The same key resumes a sequence once, however often it is sent, and never if it was first answered with success while the sequence was not PAUSED. A new key is your consent to pay for a new try of the shot.',
    }),
  }),
});

interface SequenceResult {
  readonly sequence: Sequence;
}

function createSuccessType(name: string, description: string) {
  return builder.objectRef<SequenceResult>(name).implement({
    description,
    fields: (t) => ({
      sequence: t.expose('sequence', {
        type: SequenceType,
        description: 'The sequence with its current state.',
      }),
    }),
  });
}

function toErrors(mutation: 'createSequence' | 'resumeSequence' | 'cancelSequence', name: string) {
  return {
    types: findErrorsOf(mutation),
    directResult: true,
    union: { name, description: 'The sequence, or the error. Every error is a GatewayError.' },
  } as const;
}

builder.mutationField('createSequence', (t) =>
  t.field({
    type: createSuccessType(
      'CreateSequenceSuccess',
      'The sequence was created, now or earlier with the same key.',
    ),
    description:
      'Makes a long film: extends a video shot by shot, each as soon as the one before it has succeeded. Answers at once; `sequenceUpdated` follows the sequence. Refused with a RateLimitedError while the caller has `OWNER_QUEUED` (100) running sequences.',
    args: {
      input: t.arg({
        type: CreateSequenceInput,
        required: true,
        description: 'The start, the shots and their settings.',
      }),
    },
    errors: toErrors('createSequence', 'CreateSequenceResult'),
    resolve: (_root, args, ctx) => createSequence(args, ctx),
  }),
);

builder.mutationField('resumeSequence', (t) =>
  t.field({
    type: createSuccessType(
      'ResumeSequenceSuccess',
      'The sequence was resumed, or was not PAUSED; see its `state`.',
    ),
    description:
      'Resumes a PAUSED sequence with a new try of the shot that failed, which is paid. Nothing changes in any other state, or if the video that the sequence starts with existed before and has failed.',
    args: {
      input: t.arg({
        type: ResumeSequenceInput,
        required: true,
        description: 'The sequence to resume, and new shots if any.',
      }),
    },
    errors: toErrors('resumeSequence', 'ResumeSequenceResult'),
    resolve: (_root, args, ctx) => resumeSequence(args, ctx),
  }),
);

builder.mutationField('cancelSequence', (t) =>
  t.field({
    type: createSuccessType(
      'CancelSequenceSuccess',
      'The sequence is CANCELLED, or it was already COMPLETED.',
    ),
    description:
      'Stops a sequence. A shot that has not been sent is withdrawn, unpaid; one that was sent finishes.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of the sequence.' }) },
    errors: toErrors('cancelSequence', 'CancelSequenceResult'),
    resolve: (_root, args, ctx) => cancelSequence(args, ctx),
  }),
);
