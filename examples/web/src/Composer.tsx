import { useState } from 'react';
import { Choice, Extras, QUALITIES, toQuality, toTiming } from './fields.tsx';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { LimitedField } from './LimitedField.tsx';
import { Maker } from './Maker.tsx';
import type { Submit } from './submit.ts';
import { VideoForm } from './VideoForm.tsx';
import { isEnded, isLost } from './words.ts';

/** The form below a video: its extension; or a retry, if the video failed or was withdrawn. */
export function Composer({ video, submit }: { video: VideoFieldsFragment; submit: Submit }) {
  const [hasConsented, setConsented] = useState(false);
  if (video.state === 'UNCONFIRMED' && !hasConsented) {
    return <InDoubt onConsent={() => setConsented(true)} />;
  }
  const isRetry = isLost(video.state) || hasConsented;
  if (isRetry && video.kind === 'ORIGINAL') {
    return <Maker title="Try it again" action="Try again" video={video} submit={submit} />;
  }
  const target = isRetry ? video.sourceTaskId : (video.taskId ?? video.id);
  return (
    <VideoForm
      title="What happens next?"
      action={isRetry ? 'Try again' : 'Extend'}
      blocked={isRetry || isEnded(video.state) ? null : 'Waiting for this one'}
      submit={submit}
      onSend={(read) => {
        if (!target) return;
        submit.submit({
          taskId: target,
          prompt: read('prompt'),
          quality: toQuality(read('quality')),
          imageUrl: read('imageUrl') || null,
          waterMark: read('waterMark') || null,
          ...toTiming(read),
        });
      }}
    >
      <LimitedField
        label="Prompt"
        name="prompt"
        draft={`${video.id} ${isRetry ? 'again' : 'next'}`}
        rows={4}
        required
        limit={2048}
        placeholder="The cat goes on dancing"
        defaultValue={isRetry ? (video.prompt ?? '') : ''}
      />
      <Choice legend="Quality" name="quality" options={QUALITIES} />
      <Extras image="Image to go by (address)" />
    </VideoForm>
  );
}

/** Without it, a lost answer would block the user for as long as the gateway waits. */
function InDoubt({ onConsent }: { onConsent: () => void }) {
  return (
    <section className="composer" aria-labelledby="composer">
      <h2 id="composer">Wait for this one</h2>
      <p>It may still turn up. If you send it again, both may be made, and both paid.</p>
      <button type="button" className="quiet" onClick={onConsent}>
        Send it again anyway
      </button>
    </section>
  );
}
