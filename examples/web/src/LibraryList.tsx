import { useState } from 'react';
import { type Chain, isFailed, toChains } from './chains.ts';
import { Frame } from './Frame.tsx';
import type { VideoFieldsFragment } from './gql/graphql.ts';

interface Props {
  readonly videos: readonly VideoFieldsFragment[];
  /** The id, or the task id, of the video on the screen. */
  readonly selected: string | null;
}

/** Each video by itself. */
export function Frames({ videos, selected }: Props) {
  return (
    <ul className="grid">
      {videos.map((video) => (
        <li key={video.id}>
          <Frame video={video} isCurrent={isSelected(video, selected)} />
        </li>
      ))}
    </ul>
  );
}

/** A tile for each chain; what only failed is folded away at the end. */
export function Chains({ videos, selected }: Props) {
  const chains = toChains(videos);
  const failed = chains.filter((chain) => chain.videos.every(isFailed));
  const others = chains.filter((chain) => !failed.includes(chain));
  return (
    <>
      <ul className="grid">
        {others.map((chain) => (
          <ChainTile key={chain.id} chain={chain} selected={selected} />
        ))}
      </ul>
      <Failures videos={failed.flatMap((chain) => chain.videos)} selected={selected} />
    </>
  );
}

function ChainTile({ chain, selected }: { chain: Chain; selected: string | null }) {
  const [isOpen, setOpen] = useState(false);
  const { videos } = chain;
  const shown =
    videos.find((video) => isSelected(video, selected)) ?? videos.findLast((one) => !isFailed(one));
  if (!shown) return null;
  const frame = <Frame video={shown} isCurrent={isSelected(shown, selected)} />;
  if (videos.length === 1) return <li>{frame}</li>;
  return (
    <li className={isOpen ? 'chain-open' : 'stack'}>
      {isOpen ? (
        <>
          <Frames videos={videos.filter((video) => !isFailed(video))} selected={selected} />
          <Failures videos={videos.filter(isFailed)} selected={selected} />
        </>
      ) : (
        frame
      )}
      <button
        type="button"
        className="link"
        aria-expanded={isOpen}
        aria-label={isOpen ? 'Close this chain' : `Show all ${videos.length} of this chain`}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? 'Close' : `Show all ${videos.length}`}
      </button>
    </li>
  );
}

function Failures({ videos, selected }: Props) {
  if (videos.length === 0) return null;
  return (
    <details className="failures">
      <summary>{toSummary(videos)}</summary>
      <Frames videos={videos} selected={selected} />
    </details>
  );
}

/** `2 failed`, `1 withdrawn`, or `2 failed, 1 withdrawn`. */
function toSummary(videos: readonly VideoFieldsFragment[]): string {
  const withdrawn = videos.filter(({ state }) => state === 'WITHDRAWN').length;
  const failed = videos.length - withdrawn;
  return [failed > 0 && `${failed} failed`, withdrawn > 0 && `${withdrawn} withdrawn`]
    .filter(Boolean)
    .join(', ');
}

function isSelected({ id, taskId }: VideoFieldsFragment, selected: string | null): boolean {
  return selected !== null && (id === selected || taskId === selected);
}
