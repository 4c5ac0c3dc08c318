import { useQuery } from 'urql';
import { Frame } from './Frame.tsx';
import { VideoDocument, type VideoQuery } from './gql/graphql.ts';

/** The whole take: from the first video to this one. */
export function Chain({ video }: { video: NonNullable<VideoQuery['video']> }) {
  const known = [...video.ancestors].reverse();
  const first = known[0] ?? video;
  if (!first.sourceTaskId) return null;
  return (
    <nav className="chain" aria-label="What it was made from" ref={scrollToEnd}>
      <ol>
        <Beginning taskId={first.sourceTaskId} />
        {known.map((ancestor) => (
          <li key={ancestor.id}>
            <Frame video={ancestor} />
          </li>
        ))}
        <li>
          <Frame video={video} isCurrent />
        </li>
      </ol>
    </nav>
  );
}

/** On a narrow screen the video itself comes first. */
function scrollToEnd(strip: HTMLElement | null): void {
  strip?.scrollTo({ left: strip.scrollWidth });
}

/** `ancestors` come from the gateway's store; a video made elsewhere has to be asked for. */
function Beginning({ taskId }: { taskId: string }) {
  const [{ data }] = useQuery({ query: VideoDocument, variables: { taskId } });
  return (
    <li>
      {data?.video ? <Frame video={data.video} /> : <span className="frame">Somewhere else</span>}
    </li>
  );
}
