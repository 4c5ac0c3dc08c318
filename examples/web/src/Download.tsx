import { type MouseEvent, useState } from 'react';
import { toShort } from './format.ts';

/**
 * Saves the film under a readable name. Browsers ignore `download` on an address of another origin, so
 * the page reads the file itself. Where the storage does not allow that, the link opens the file.
 */
export function Download({ url, prompt }: { url: string; prompt: string | null }) {
  const [state, setState] = useState<'idle' | 'busy' | 'refused'>('idle');
  const name = `${toFileName(prompt)}.mp4`;

  async function save(event: MouseEvent<HTMLAnchorElement>): Promise<void> {
    if (state === 'refused') return;
    event.preventDefault();
    if (state === 'busy') return;
    setState('busy');
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`The storage answered with ${response.status}.`);
      const address = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = address;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      setState('idle');
    } catch {
      setState('refused');
    }
  }

  return (
    <a
      className="button"
      href={url}
      download={name}
      target="_blank"
      rel="noreferrer"
      onClick={save}
    >
      {{ idle: 'Download', busy: 'Downloading…', refused: 'Open the file to save it' }[state]}
    </a>
  );
}

function toFileName(prompt: string | null): string {
  const words = toShort(prompt ?? '', 60)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  return words?.join('-') ?? 'longtake';
}
