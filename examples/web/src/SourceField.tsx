import { useQuery } from 'urql';
import { toShort } from './format.ts';
import { VideoDocument, type VideoFieldsFragment } from './gql/graphql.ts';
import { useIssue } from './issues.ts';
import { usePages } from './pages.ts';
import { isLost, STATES } from './words.ts';

/**
 * Chooses the video that a film begins with: one of the newest, or the given one.
 *
 * @param from its id or task id, chosen at first.
 */
export function SourceField({ from }: { from: string | null }) {
  const { videos } = usePages();
  const [{ data }] = useQuery({
    query: VideoDocument,
    variables: { taskId: from ?? '' },
    pause: from === null,
  });
  const [issue, dropIssue] = useIssue('start.video');
  const given = data?.video;
  const others = (videos ?? []).filter((video) => canBegin(video) && video.id !== given?.id);
  const all = given ? [given, ...others] : others;
  const isThere = videos !== null && (from === null || data !== undefined);
  return (
    <div className="field">
      <label htmlFor="source">Video</label>
      <select
        id="source"
        name="video"
        required
        key={String(isThere)}
        aria-invalid={issue !== null || undefined}
        aria-describedby={issue ? 'source-issue source-hint' : 'source-hint'}
        onChange={() => issue && dropIssue()}
      >
        {all.map((video) => (
          <option key={video.id} value={video.taskId ?? video.id}>
            {toShort(video.prompt || 'Untitled', 60)} · {STATES[video.state].label}
          </option>
        ))}
      </select>
      {issue && (
        <p id="source-issue" className="bad">
          {issue}
        </p>
      )}
      <p id="source-hint" className="soft">
        {isThere && all.length === 0
          ? 'There is none that can be extended: begin with a new one.'
          : 'One that is in progress is waited for.'}
      </p>
    </div>
  );
}

/** The gateway waits for a video in progress, unless the upstream has not confirmed it. */
function canBegin({ state, taskId }: VideoFieldsFragment): boolean {
  return !isLost(state) && !(state === 'UNCONFIRMED' && taskId === null);
}
