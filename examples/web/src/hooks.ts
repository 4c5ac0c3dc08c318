import { useEffect, useState, useSyncExternalStore } from 'react';

/** The sandbox's own video, which can be extended. Null with a real upstream. */
export const SANDBOX_ORIGINAL =
  document.querySelector<HTMLMetaElement>('meta[name=sandbox-original]')?.content || null;

/** The gateway's `UNCONFIRMED_DEADLINE_MS`, after which it gives up an unconfirmed task. */
export const UNCONFIRMED_DEADLINE_MS = Number(
  document.querySelector<HTMLMetaElement>('meta[name=unconfirmed-deadline-ms]')?.content ||
    7_200_000,
);

export const toHref = (id: string) => `#/${encodeURIComponent(id)}`;

/** The video that the address names, null on the first page; in the address, so that a reload, a bookmark and the back button keep it. */
export function useSelectedId(): string | null {
  const hash = useSyncExternalStore(
    (notify) => {
      window.addEventListener('hashchange', notify);
      return () => window.removeEventListener('hashchange', notify);
    },
    () => location.hash,
  );
  try {
    return decodeURIComponent(hash.slice(2)) || null;
  } catch {
    return null;
  }
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
    const saved = localStorage.getItem('longtake.theme');
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
      localStorage.setItem('longtake.theme', next);
      setTheme(next);
    },
  ];
}
