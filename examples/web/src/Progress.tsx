import { useQuery } from 'urql';
import { toBrief, toMoment } from './format.ts';
import { VideoDocument, type VideoFieldsFragment } from './gql/graphql.ts';
import { UNCONFIRMED_DEADLINE_MS, useNow } from './hooks.ts';
import { Waiting } from './Waiting.tsx';
import { STATES, STEPS } from './words.ts';

/** How far the making of a video has come. */
export function Progress({ video }: { video: VideoFieldsFragment }) {
  const { step, label, hint } = STATES[video.state];
  const taskId = video.sourceTaskId ?? '';
  const [source] = useQuery({ query: VideoDocument, variables: { taskId }, pause: !taskId });
  const backdrop = source.data?.video?.coverUrl;
  const now = useNow(true);
  const elapsed = toElapsed(now, video.createdAt);
  return (
    <div className="stage">
      {backdrop && <img className="backdrop" src={backdrop} alt="" />}
      <div className="progress">
        <p className="state">
          <span>{label}</span>
          {elapsed && <span>{elapsed}</span>}
        </p>
        <div
          className="bar"
          role="progressbar"
          aria-label="Progress"
          aria-valuemin={0}
          aria-valuemax={4}
          aria-valuenow={step}
          aria-valuetext={elapsed ? `${label}, ${elapsed} so far` : label}
        >
          {STEPS.map((name, index) => (
            <span key={name} className={toProgress(index + 1, step)}>
              {name}
            </span>
          ))}
        </div>
        {video.estimatedFinishAt && Date.parse(video.estimatedFinishAt) > now && (
          <p>Ready at about {toMoment(video.estimatedFinishAt)}.</p>
        )}
        <p>
          {hint}
          {video.state === 'UNCONFIRMED' && video.createdAt && ` ${toGivenUp(video.createdAt)}`}
        </p>
        {video.schedule && <Waiting id={video.id} schedule={video.schedule} now={now} />}
      </div>
    </div>
  );
}

function toProgress(part: number, step: number): string {
  if (part === step) return 'next';
  return part < step ? 'done' : '';
}

function toGivenUp(createdAt: string): string {
  const at = new Date(Date.parse(createdAt) + UNCONFIRMED_DEADLINE_MS).toISOString();
  return `Without a report until ${toBrief(at)}, it is given up.`;
}

/** The clocks of two machines may differ: it never runs backwards past zero. */
function toElapsed(now: number, createdAt: string | null): string | null {
  if (!createdAt) return null;
  const seconds = Math.max(0, Math.floor((now - Date.parse(createdAt)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
