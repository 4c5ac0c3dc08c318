import { toHttpUrl, type VideoFiles } from '../video.ts';

/** Where the files are, or null when no browser could open the video's address. */
export function toFiles(
  videoId: string | null,
  videoUrl: string | null,
  imageUrl: string | null,
): VideoFiles | null {
  const url = toHttpUrl(videoUrl);
  return url === null ? null : { videoId, videoUrl: url, coverUrl: toHttpUrl(imageUrl) };
}
