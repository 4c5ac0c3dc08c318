/** Where the files of a video are: at the upstream, or kept by the gateway. */

import { DAY_MS, HOUR_MS } from '../durations.ts';
import type { KeepState, KeptFilm, Video } from '../video.ts';

/** What clients see of the copies. */
export interface KeptFiles {
  readonly state: KeepState;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly keptAt: number | null;
  readonly expiresAt: number | null;
}

export interface VideoFilesView {
  readonly videoUrl: string | null | Promise<string>;
  readonly coverUrl: string | null | Promise<string>;
  readonly expiresAt: number | null;
  readonly expired: boolean;
  readonly kept: KeptFiles | null;
}

export type FilesOf = (video: Video) => VideoFilesView;

export interface KeepTimes {
  /** 0 keeps copies as long as their videos. */
  readonly keepDays: number;
  /** Videos are deleted after this time, and their copies with them. */
  readonly retentionDays: number;
}

/** URLs are signed for at least this long, so that a film can be watched to its end. */
const LINK_HOURS = 6;
const NO_DETAILS = { bytes: null, sha256: null, keptAt: null, expiresAt: null };

/** For a gateway that keeps no copies. */
export const upstreamFiles: FilesOf = (video) => ({
  videoUrl: video.expired ? null : video.videoUrl,
  coverUrl: video.expired ? null : video.coverUrl,
  expiresAt: video.expiresAt,
  expired: video.expired,
  kept: null,
});

/**
 * For a gateway that keeps copies: the URL of a copy replaces the upstream's.
 *
 * @param toUrl makes the URL of a copy until a time.
 */
export function createFilesOf(
  toUrl: (name: string, until: number) => string | Promise<string>,
  times: KeepTimes,
): FilesOf {
  // Finished videos are cached, and with them the URLs that were signed for them.
  const known = new WeakMap<Video, { readonly view: VideoFilesView; readonly staleAt: number }>();

  function ofKept(video: Video, film: KeptFilm, now: number): VideoFilesView {
    const { cover } = video.copies ?? {};
    const expiresAt = toKeptUntil(video, film, times, now);
    const kept = { state: 'KEPT', ...film, expiresAt } as const;
    if (expiresAt !== null && expiresAt <= now) {
      return { videoUrl: null, coverUrl: null, expiresAt, expired: true, kept: null };
    }
    const until = Math.min(expiresAt ?? Infinity, toLinkEnd(now));
    const upstreamCover = video.expired ? null : video.coverUrl;
    return {
      videoUrl: toUrl(film.name, until),
      coverUrl: cover ? toUrl(cover, until) : upstreamCover,
      expiresAt,
      expired: false,
      kept,
    };
  }

  return (video) => {
    const { state, film } = video.copies ?? {};
    if (state !== 'KEPT' || !film) {
      if (state === 'REMOVED') return upstreamFiles({ ...video, expired: true });
      const view = upstreamFiles(video);
      // Without `createdAt` it was not made through the gateway.
      const isKeepable = video.state === 'SUCCEEDED' && video.createdAt !== null && !view.expired;
      return isKeepable ? { ...view, kept: { ...NO_DETAILS, state: state ?? 'PENDING' } } : view;
    }
    const now = Date.now();
    const cached = known.get(video);
    if (cached && now < cached.staleAt) return cached.view;
    const view = ofKept(video, film, now);
    // URLs are signed again each hour. In between they stay the same, so that browsers can cache the files.
    const staleAt = Math.min(
      toNextHour(now),
      view.expired ? Infinity : (view.expiresAt ?? Infinity),
    );
    known.set(video, { view, staleAt });
    // A URL that could not be signed is not remembered.
    for (const url of [view.videoUrl, view.coverUrl]) {
      if (url instanceof Promise) url.catch(() => known.delete(video));
    }
    return view;
  };
}

function toNextHour(now: number): number {
  return (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
}

function toLinkEnd(now: number): number {
  return toNextHour(now) + LINK_HOURS * HOUR_MS;
}

/** When the copies are removed: by `KEEP_DAYS`, or together with the video. Null: nobody knows. */
function toKeptUntil(
  { finishedAt, sequenceId }: Video,
  { keptAt }: KeptFilm,
  { keepDays, retentionDays }: KeepTimes,
  now: number,
): number | null {
  const byAge = keepDays > 0 ? keptAt + keepDays * DAY_MS : Infinity;
  const withVideo = (finishedAt ?? keptAt) + retentionDays * DAY_MS;
  // A sequence that was changed later is stored longer, and its videos with it.
  const isStoredLonger = sequenceId !== null && withVideo <= now;
  const until = isStoredLonger ? byAge : Math.min(byAge, withVideo);
  return until === Infinity ? null : until;
}
