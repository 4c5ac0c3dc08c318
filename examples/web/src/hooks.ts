import { type RefObject, useEffect, useState, useSyncExternalStore } from 'react';
import { local, store } from './storage.ts';

/** The sandbox's own video, which can be extended. Null with a real upstream. */
export const SANDBOX_ORIGINAL =
  document.querySelector<HTMLMetaElement>('meta[name=sandbox-original]')?.content || null;

/** The gateway's `UNCONFIRMED_DEADLINE_MS`, after which it gives up an unconfirmed task. */
export const UNCONFIRMED_DEADLINE_MS = Number(
  document.querySelector<HTMLMetaElement>('meta[name=unconfirmed-deadline-ms]')?.content ||
    7_200_000,
);

/** The address of the page of a video, or of a film, by its id. */
export const toHref = (id: string) => `#/${encodeURIComponent(id)}`;

/** @param from the id of the video to begin with. */
export const toStoryboardHref = (from?: string) =>
  from ? `#/storyboard/${encodeURIComponent(from)}` : '#/storyboard';

export type Page =
  | { readonly kind: 'start' }
  | { readonly kind: 'video' | 'film'; readonly id: string }
  | { readonly kind: 'storyboard'; readonly from: string | null };

/** In the address, so that a reload, a bookmark and the back button keep it. */
export function usePage(): Page {
  const hash = useSyncExternalStore(
    (notify) => {
      window.addEventListener('hashchange', notify);
      return () => window.removeEventListener('hashchange', notify);
    },
    () => location.hash,
  );
  const [id = '', from = ''] = hash.slice(2).split('/').map(decode);
  if (id === '') return { kind: 'start' };
  if (id === 'storyboard') return { kind: 'storyboard', from: from || null };
  return { kind: id.startsWith('sequence-') ? 'film' : 'video', id };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

const firstHash = location.hash;
let hasLeftFirstPage = false;

/** Another page takes the focus to where reading begins, but not the first one. */
export function useFocusOnArrival(heading: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    hasLeftFirstPage ||= location.hash !== firstHash;
    if (hasLeftFirstPage) heading.current?.focus();
  }, [heading]);
}

/** The current time, updated every second while it is used. */
export function useNow(isNeeded: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}

type Theme = 'light' | 'dark';

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const saved = local?.getItem('longtake.theme');
    if (saved === 'light' || saved === 'dark') return saved;
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  });
  useEffect(() => {
    document.documentElement.style.colorScheme = theme;
  }, [theme]);
  return [
    theme,
    () => {
      const next = theme === 'dark' ? 'light' : 'dark';
      store(local, 'longtake.theme', next);
      setTheme(next);
    },
  ];
}
