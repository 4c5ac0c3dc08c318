/** A storyboard, written and started with the mouse; test/browser/storyboard.browser.ts uses the keyboard. */

import type { Page } from 'playwright-core';

export async function openStoryboard(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Longtake' }).click();
  await page.getByRole('link', { name: /^Make a long film/ }).click();
  await page.getByRole('heading', { name: 'Make a long film' }).waitFor();
}

/** @param original null: the form begins with an existing video. */
export async function write(
  page: Page,
  original: string | null,
  shots: readonly string[],
): Promise<void> {
  if (original !== null) await page.getByLabel('First video').fill(original);
  for (const [index, prompt] of shots.entries()) {
    const field = page.getByLabel(`Shot ${index + 1}`, { exact: true });
    if ((await field.count()) === 0) {
      await page.getByRole('button', { name: 'Add a shot' }).click();
    }
    await field.fill(prompt);
  }
}

export const start = (page: Page) =>
  page.getByRole('button', { name: /^(Start|Try again)$/ }).click();

/** Resolves when the page of the film says this. */
export const progress = (page: Page, words: string) =>
  page.locator('.film-state', { hasText: words }).waitFor();

/** The state of each video in the strip, from what the film begins with. */
export const strip = (page: Page) =>
  page.getByRole('navigation', { name: 'The film, shot by shot' }).locator('.when').allInnerTexts();

/** The words of the shots, in order. */
export const shotWords = (page: Page) =>
  page
    .locator('.shots textarea')
    .evaluateAll((fields) => fields.map((field) => (field as HTMLTextAreaElement).value));
