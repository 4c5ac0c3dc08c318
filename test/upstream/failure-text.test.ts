import { describe, expect, it } from 'vitest';
import { toFailure } from '../../src/upstream/failure-text.ts';
import { TOKEN } from './support.ts';

/** The ten texts exactly as the reference has them. */
const REFERENCE = [
  ['Get image info failed.', 'IMAGE_UNREADABLE'],
  ['Inappropriate content detected. Please replace the image or video.', 'INAPPROPRIATE_CONTENT'],
  ['Incorrect image format.', 'INCORRECT_IMAGE_FORMAT'],
  [
    'Please try again later. You can upgrade to Standard membership to start generating now.',
    'MEMBERSHIP_REQUIRED',
  ],
  ['Reached the limit for concurrent generations.', 'CONCURRENCY_LIMIT'],
  ['Unsupported width or height. Please adjust the size and try again.', 'UNSUPPORTED_DIMENSIONS'],
  ['Upload failed due to network reasons, please re-enter.', 'UPLOAD_FAILED'],
  [
    'Your prompt was caught by our AI moderator.  Please adjust it and try again!',
    'PROMPT_MODERATED',
  ],
  [
    'Your prompt/negative prompt cannot exceed 2048 characters. Please check if your input is too long.',
    'PROMPT_TOO_LONG',
  ],
  [
    "Your video creation prompt contains NSFW content, which isn't allowed under our policy. Kindly revise your prompt and generate again.",
    'PROMPT_NSFW',
  ],
] as const;

describe.each(REFERENCE)('%s', (text, reason) => {
  it(`is ${reason}, with the text as the message`, () => {
    expect(toFailure(text, 400)).toEqual({ reason, message: text, upstreamCode: 400 });
  });

  it.each([
    ['in capitals', text.toUpperCase()],
    ['in small letters', text.toLowerCase()],
    ['without its punctuation', text.replaceAll(/[.,!]/g, '')],
    ['with more dots', `${text}...`],
    ['with other white space', `\n ${text.replaceAll(' ', ' \t ')}\n`],
    ['with words around it', `Error 400: ${text} (request 7f3a)`],
    ['with a typographic apostrophe', text.replaceAll("'", '’')],
  ])(`is ${reason} %s`, (_name, loose) => {
    expect(toFailure(loose, 400)).toEqual({ reason, message: loose.trim(), upstreamCode: 400 });
  });

  it(`is ${reason} with any code`, () => {
    expect(toFailure(text, 500).reason).toBe(reason);
    expect(toFailure(text, null).reason).toBe(reason);
  });
});

describe('extra words within a text', () => {
  it.each([
    ['Get the image info has failed', 'IMAGE_UNREADABLE'],
    ['Inappropriate visual content was detected', 'INAPPROPRIATE_CONTENT'],
    ['Incorrect input image file format', 'INCORRECT_IMAGE_FORMAT'],
    ['Reached your limit for all concurrent video generations', 'CONCURRENCY_LIMIT'],
    ['Your prompt was caught by our new automatic moderator', 'PROMPT_MODERATED'],
    ['The prompt must not exceed 2,048 characters', 'PROMPT_TOO_LONG'],
  ])('%s', (text, reason) => {
    expect(toFailure(text, 400).reason).toBe(reason);
  });
});

describe('an unknown text', () => {
  it.each([
    ['Internal Error', 500, 'PROVIDER_ERROR'],
    ['Internal Error', 599, 'PROVIDER_ERROR'],
    ['', 503, 'PROVIDER_ERROR'],
    ['Something else', 400, 'UNCLASSIFIED'],
    ['Something else', 600, 'UNCLASSIFIED'],
    ['Something else', null, 'UNCLASSIFIED'],
    ['The format of the video is fine', 400, 'UNCLASSIFIED'],
  ] as const)('%j with code %j is %s', (text, code, reason) => {
    expect(toFailure(text, code)).toMatchObject({ reason, upstreamCode: code });
  });

  it.each([null, '', '  \n'])('gets a default message when it is %j', (text) => {
    expect(toFailure(text, 400).message).toBe('The upstream gave no reason.');
  });

  it('is shortened to 2,000 characters', () => {
    const { message } = toFailure('x'.repeat(70_000), 400);

    expect(message).toHaveLength(2000);
    expect(message.endsWith('x…')).toBe(true);
  });

  it('contains no callback URL', () => {
    const { message } = toFailure(
      `no answer from https://g.example/callbacks/1/${TOKEN}, sorry`,
      500,
    );

    expect(message).toBe('no answer from [redacted], sorry');
  });
});
