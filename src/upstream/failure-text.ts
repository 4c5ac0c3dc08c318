import type { FailureReason, VideoFailure } from '../video.ts';
import { isServerFault } from './codes.ts';
import { redactCallbackUrls } from './redact.ts';
import { capped } from './wire.ts';

const MAX_MESSAGE_LENGTH = 2000;
const SILENT_MESSAGE = 'The upstream gave no reason.';

/**
 * The ten texts of the reference, each recognised by its distinctive words. Matched against lower-case
 * words with single spaces, so that case, punctuation and extra words do not matter.
 *
 * @see https://docs.apikley.ru (Extend AI Video, status 400 under the callback's response)
 */
const KNOWN_TEXTS: readonly (readonly [FailureReason, RegExp])[] = [
  // Get image info failed.
  ['IMAGE_UNREADABLE', /\bimage info\b.*\bfail/],
  // Your video creation prompt contains NSFW content, which isn't allowed under our policy. …
  ['PROMPT_NSFW', /\bprompt\b.*\bnsfw\b/],
  // Your prompt was caught by our AI moderator.  Please adjust it and try again!
  ['PROMPT_MODERATED', /\bprompt\b.*\bmoderator\b/],
  // Your prompt/negative prompt cannot exceed 2048 characters. …
  ['PROMPT_TOO_LONG', /\bprompt\b.*\bexceed/],
  // Inappropriate content detected. Please replace the image or video.
  ['INAPPROPRIATE_CONTENT', /\binappropriate\b.*\bcontent\b/],
  // Incorrect image format.
  ['INCORRECT_IMAGE_FORMAT', /\bincorrect\b.*\bimage\b.*\bformat\b/],
  // Please try again later. You can upgrade to Standard membership to start generating now.
  ['MEMBERSHIP_REQUIRED', /\bupgrade\b.*\bmembership\b/],
  // Reached the limit for concurrent generations.
  ['CONCURRENCY_LIMIT', /\blimit\b.*\bconcurrent\b.*\bgeneration/],
  // Unsupported width or height. Please adjust the size and try again.
  ['UNSUPPORTED_DIMENSIONS', /\bunsupported\b.*\b(?:width|height)\b/],
  // Upload failed due to network reasons, please re-enter.
  ['UPLOAD_FAILED', /\bupload\b.*\bfailed\b.*\bnetwork\b/],
];

/**
 * Why a task failed, derived from the upstream's text. The message is kept, except that it is shortened
 * and callback URLs, which are secrets, are removed.
 */
export function toFailure(message: string | null, code: number | null): VideoFailure {
  const text = message?.trim()
    ? capped(redactCallbackUrls(message.trim()), MAX_MESSAGE_LENGTH)
    : '';
  return {
    reason: toReason(text, code),
    message: text || SILENT_MESSAGE,
    upstreamCode: code,
  };
}

function toReason(text: string, code: number | null): FailureReason {
  const words = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, ' ');
  const known = KNOWN_TEXTS.find(([, pattern]) => pattern.test(words));
  if (known) return known[0];
  return code !== null && isServerFault(code) ? 'PROVIDER_ERROR' : 'UNCLASSIFIED';
}
