import { z } from 'zod';
import { findRefusal, toAccepted, toInvalid, type Verdict } from './extend.ts';
import { findBehaviour } from './scenarios.ts';
import type { Tasks } from './tasks.ts';

const GenerateRequest = z
  .object({
    prompt: z
      .string()
      .min(1)
      .refine((prompt) => [...prompt].length <= 1800, 'longer than 1800 characters'),
    imageUrl: z.string().nullish(),
    aspectRatio: z.enum(['16:9', '9:16', '1:1', '4:3', '3:4']).nullish(),
    duration: z.literal([5, 10]),
    quality: z.enum(['720p', '1080p']),
    waterMark: z.string().nullish(),
    callBackUrl: z.url({ protocol: /^https?$/ }),
  })
  .refine(({ imageUrl, aspectRatio }) => imageUrl || aspectRatio, {
    path: ['aspectRatio'],
    message: 'is required without an image',
  })
  .refine(({ duration, quality }) => duration !== 10 || quality !== '1080p', {
    path: ['duration'],
    message: '10 seconds are not available in 1080p',
  });

/** Synchronous, like `judgeExtension`. */
export function judgeGeneration(body: unknown, tasks: Tasks): Verdict {
  const parsed = GenerateRequest.safeParse(body);
  if (!parsed.success) return toInvalid(parsed.error);

  const { prompt, imageUrl, callBackUrl } = parsed.data;
  const behaviour = findBehaviour(prompt);
  const refusal = findRefusal(behaviour, prompt, tasks);
  if (refusal) return refusal;
  const task = tasks.create({
    parentTaskId: '',
    prompt,
    imageUrl: imageUrl ?? null,
    expandPrompt: false,
    callBackUrl,
    behaviour,
  });
  return toAccepted(task);
}
