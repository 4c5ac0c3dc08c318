import { useState } from 'react';
import { Choice, Extras, QUALITIES, toQuality, toTiming } from './fields.tsx';
import type { AspectRatio, VideoFieldsFragment } from './gql/graphql.ts';
import { LimitedField } from './LimitedField.tsx';
import type { Submit } from './submit.ts';
import { VideoForm } from './VideoForm.tsx';
import { SHAPES } from './words.ts';

const LENGTHS = [
  ['5', '5 s'],
  ['10', '10 s'],
] as const;

/** Asks for an original. Fields that exclude each other cannot be chosen together. */
export function Maker(props: {
  title: string;
  action: string;
  /** A failed original, whose words are tried again. */
  video?: VideoFieldsFragment;
  submit: Submit;
}) {
  const [seconds, setSeconds] = useState('5');
  const [quality, setQuality] = useState('P720');
  const [image, setImage] = useState('');
  return (
    <VideoForm
      title={props.title}
      action={props.action}
      submit={props.submit}
      onSend={(read) => {
        const imageUrl = read('imageUrl') || null;
        props.submit.submit({
          prompt: read('prompt'),
          // With an image, the image decides the shape.
          aspectRatio: imageUrl ? null : (read('aspectRatio') as AspectRatio),
          duration: Number(read('duration')),
          quality: toQuality(read('quality')),
          imageUrl,
          waterMark: read('waterMark') || null,
          ...toTiming(read),
        });
      }}
    >
      <LimitedField
        label="Prompt"
        name="prompt"
        draft={props.video ? `${props.video.id} again` : 'new'}
        rows={4}
        required
        limit={1800}
        placeholder="A cat dances in a room full of colorful lights"
        defaultValue={props.video?.prompt ?? ''}
      />
      {!image && <Choice legend="Shape" name="aspectRatio" options={Object.entries(SHAPES)} />}
      <Choice
        legend="Length"
        name="duration"
        options={LENGTHS}
        isDisabled={(value) => value === '10' && quality === 'P1080'}
        onChange={setSeconds}
      />
      <Choice
        legend="Quality"
        name="quality"
        options={QUALITIES}
        isDisabled={(value) => value === 'P1080' && seconds === '10'}
        onChange={setQuality}
      />
      <Extras image="Image to begin with (address)" onImage={setImage} />
    </VideoForm>
  );
}
