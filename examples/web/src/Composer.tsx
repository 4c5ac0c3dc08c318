import { Choice, Extras, QUALITIES, toQuality } from './fields.tsx';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { LimitedField } from './LimitedField.tsx';
import { Maker } from './Maker.tsx';
import type { Submit } from './submit.ts';
import { VideoForm } from './VideoForm.tsx';
import { isEnded } from './words.ts';

/** What happens next. A failed video is tried anew: an original as one, an extension from its source. */
export function Composer({ video, submit }: { video: VideoFieldsFragment; submit: Submit }) {
  const isFailed = video.state === 'FAILED';
  if (isFailed && video.kind === 'ORIGINAL') {
    return <Maker title="Try it again" action="Try again" video={video} submit={submit} />;
  }
  const target = isFailed ? video.sourceTaskId : (video.taskId ?? video.id);
  return (
    <VideoForm
      title="What happens next?"
      action={isFailed ? 'Try again' : 'Extend'}
      blocked={isEnded(video.state) ? null : 'Waiting for this one'}
      submit={submit}
      onSend={(read) => {
        if (!target) return;
        submit.submit({
          taskId: target,
          prompt: read('prompt'),
          quality: toQuality(read('quality')),
          imageUrl: read('imageUrl') || null,
          waterMark: read('waterMark') || null,
        });
      }}
    >
      <LimitedField
        label="Prompt"
        name="prompt"
        rows={4}
        required
        limit={2048}
        placeholder="The cat goes on dancing"
        defaultValue={isFailed ? (video.prompt ?? '') : ''}
      />
      <Choice legend="Quality" name="quality" options={QUALITIES} />
      <Extras image="Image to go by (address)" />
    </VideoForm>
  );
}
