import { useState } from 'react';
import {
  Choice,
  Extras,
  Length,
  QUALITIES,
  Shape,
  toAspectRatio,
  toQuality,
  toTiming,
} from './fields.tsx';
import type { VideoFieldsFragment } from './gql/graphql.ts';
import { LimitedField } from './LimitedField.tsx';
import type { Submit } from './submit.ts';
import { VideoForm } from './VideoForm.tsx';

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
          aspectRatio: imageUrl ? null : toAspectRatio(read('aspectRatio')),
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
      {!image && <Shape />}
      <Length isShort={quality === 'P1080'} onChange={setSeconds} />
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
