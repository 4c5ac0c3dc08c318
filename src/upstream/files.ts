import { toHttpUrl, type VideoFiles } from '../video.ts';

/** A web address as some upstreams write it: `//host/…` leaves out the scheme. */
export function toUpstreamUrl(text: string | null): string | null {
  const url = text?.trim() ?? '';
  return toHttpUrl(url.startsWith('//') ? `https:${url}` : url);
}

/** Where the files are, or null when no browser could open the video's address. */
export function toFiles(
  videoId: string | null,
  videoUrl: string | null,
  imageUrl: string | null,
): VideoFiles | null {
  const url = toUpstreamUrl(videoUrl);
  return url === null ? null : { videoId, videoUrl: url, coverUrl: toUpstreamUrl(imageUrl) };
}
