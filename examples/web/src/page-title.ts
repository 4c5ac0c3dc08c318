/** The title of the tab, which shows the state of the video. */

const parts = { page: '', news: 0 };

export function changeTitle(changes: Partial<typeof parts>): void {
  Object.assign(parts, changes);
  const count = parts.news > 0 ? `(${parts.news}) ` : '';
  document.title = `${count}${parts.page ? `${parts.page} – ` : ''}Longtake`;
}
