import type { SandboxTask } from './tasks.ts';
import { toOutcome } from './tasks.ts';

/** The `data` of "Get AI Video Details". */
export function toRecord(task: SandboxTask, baseUrl: string) {
  const { taskId, parentTaskId, prompt, imageUrl, expandPrompt, behaviour, state, outcome } = task;
  const files = toFileUrls(task, baseUrl);
  const succeeded = state === 'success';
  const failed = state === 'fail';
  return {
    taskId,
    parentTaskId,
    generateParam: { prompt, imageUrl: imageUrl ?? '', expandPrompt },
    state,
    generateTime: toLocalTime(task.createdAt),
    videoInfo: succeeded
      ? { videoId: task.videoId, taskId, videoUrl: files.video, imageUrl: files.cover }
      : null,
    failCode: failed ? outcome?.code : '',
    failMsg: failed ? outcome?.msg : '',
    expireFlag: succeeded && behaviour.expired ? 1 : 0,
  };
}

/** What is posted to `callBackUrl` once the task has ended. Snake case, unlike the rest. */
export function toCallback(task: SandboxTask, baseUrl: string) {
  const { code, msg } = toOutcome(task);
  // The reference requires `data`, but it is likely to be missing on a server error.
  if (code === 500) return { code, msg, data: null };

  // A callback cannot say that the files are gone: it has no `expireFlag`.
  const hasFiles = code === 200 && !task.behaviour.expired;
  const files = hasFiles ? toFileUrls(task, baseUrl) : { video: '', cover: '' };
  const data = {
    task_id: task.taskId,
    video_id: code === 200 ? task.videoId : '',
    video_url: files.video,
    image_url: files.cover,
  };
  return { code, msg, data };
}

function toFileUrls({ videoId, behaviour }: SandboxTask, baseUrl: string) {
  if (behaviour.withoutUrl) return { video: '', cover: '' };
  const base = `${baseUrl}/files/${videoId}`;
  return { video: `${base}.mp4`, cover: `${base}.png` };
}

/** `2023-08-15 14:30:45`: the API omits the time zone; here it is UTC. */
function toLocalTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
