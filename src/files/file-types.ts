/** Which files are copied: films and pictures that browsers show and cannot run. */

import type { FilePart } from '../store/schema.ts';

/** By extension. SVG is not among them, because it can hold scripts. */
const TYPES: Readonly<Record<FilePart, Readonly<Record<string, string>>>> = {
  film: { mp4: 'video/mp4', webm: 'video/webm', mov: 'video/quicktime' },
  cover: {
    jpg: 'image/jpeg',
    png: 'image/png',
    webp: 'image/webp',
    gif: 'image/gif',
    avif: 'image/avif',
  },
};

/** The extension for a `Content-Type`; null for a type that is not copied. */
export function toExtension(part: FilePart, contentType: string | undefined): string | null {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  const found = Object.entries(TYPES[part]).find(([, known]) => known === type);
  return found?.[0] ?? null;
}

/** The media type of an object by its name. */
export function toContentType(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1);
  return TYPES.film[extension] ?? TYPES.cover[extension] ?? 'application/octet-stream';
}

/** The `Content-Disposition` of an object, with a name that is worth saving. */
export function toDisposition(name: string, isDownload: boolean): string {
  const [id = '', file = ''] = name.split('/');
  const extension = file.slice(file.lastIndexOf('.'));
  const fileName = `${file.startsWith('cover') ? 'cover' : 'video'}-${id}${extension}`;
  return `${isDownload ? 'attachment' : 'inline'}; filename="${fileName}"`;
}
