/** Which videos belong together: each with what it was made from, and with what was made from it. */

import type { VideoFieldsFragment } from './gql/graphql.ts';
import { isLost } from './words.ts';

export interface Chain {
  /** The id of what it began with, which may be a video that was made elsewhere. */
  readonly id: string;
  /** Oldest first. */
  readonly videos: readonly VideoFieldsFragment[];
}

/** @param videos newest first; the chain with the newest video comes first. */
export function toChains(videos: readonly VideoFieldsFragment[]): Chain[] {
  const byTaskId = new Map(videos.map((video) => [video.taskId ?? video.id, video]));

  function toBeginning(video: VideoFieldsFragment): string {
    const seen = new Set<string>();
    let taskId = video.taskId ?? video.id;
    for (let at: VideoFieldsFragment | undefined = video; at?.sourceTaskId; ) {
      taskId = at.sourceTaskId;
      // Some upstreams answer with the id of the source: a video is then its own source.
      if (seen.has(taskId)) break;
      seen.add(taskId);
      at = byTaskId.get(taskId);
    }
    return taskId;
  }

  const chains = new Map<string, VideoFieldsFragment[]>();
  for (const video of videos) {
    const id = toBeginning(video);
    const chain = chains.get(id);
    if (chain) chain.unshift(video);
    else chains.set(id, [video]);
  }
  return [...chains].map(([id, members]) => ({ id, videos: members }));
}

/** Folded away: there will be no film. */
export const isFailed = ({ state }: VideoFieldsFragment) => isLost(state);
