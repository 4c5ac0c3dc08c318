import { toHttpUrl, type VideoFiles } from '../video.ts';

/** Also accepts `//host/…`: some upstreams omit the scheme. */
export function toUpstreamUrl(text: string | null): string | null {
  const url = text?.trim() ?? '';
  return toHttpUrl(url.startsWith('//') ? `https:${url}` : url);
}

/** The URLs of the files; null when the video's is not an http(s) URL. */
export function toFiles(
  videoId: string | null,
  videoUrl: string | null,
  imageUrl: string | null,
): VideoFiles | null {
  const url = toUpstreamUrl(videoUrl);
  return url === null ? null : { videoId, videoUrl: url, coverUrl: toUpstreamUrl(imageUrl) };
}
