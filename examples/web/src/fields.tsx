/** The fields that the forms share. */

import { useId } from 'react';
import type { AspectRatio, ExtendVideoInput, VideoQuality } from '../../../client/index.ts';
import { useIssue } from './issues.ts';
import { LimitedField } from './LimitedField.tsx';
import type { ReadField } from './sending.ts';
import { SHAPES } from './words.ts';

export function Choice(props: {
  legend: string;
  name: string;
  /** Value and label. */
  options: readonly (readonly [string, string])[];
  /** Default: the first. */
  initial?: string;
  isDisabled?: (value: string) => boolean;
  onChange?: (value: string) => void;
}) {
  return (
    <fieldset className="choice">
      <legend>{props.legend}</legend>
      {props.options.map(([value, label]) => (
        <label key={value}>
          <input
            type="radio"
            name={props.name}
            value={value}
            defaultChecked={value === (props.initial ?? props.options[0]?.[0])}
            disabled={props.isDisabled?.(value)}
            onChange={() => props.onChange?.(value)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export const QUALITIES = [
  ['P720', '720p'],
  ['P1080', '1080p'],
] as const;

export const toQuality = (value: string): VideoQuality => (value === 'P1080' ? 'P1080' : 'P720');

/** The shape of an original. */
export function Shape() {
  return <Choice legend="Shape" name="aspectRatio" options={Object.entries(SHAPES)} />;
}

export const toAspectRatio = (value: string) => value as AspectRatio;

const LENGTHS = [
  ['5', '5 s'],
  ['10', '10 s'],
] as const;

/** The length of an original. */
export function Length(props: { isShort: boolean; onChange: (value: string) => void }) {
  return (
    <Choice
      legend="Length"
      name="duration"
      options={LENGTHS}
      isDisabled={(value) => value === '10' && props.isShort}
      onChange={props.onChange}
    />
  );
}

export function ImageField(props: {
  label: string;
  /** Where it is in the input, with dots. */
  path?: string;
  onText?: ((address: string) => void) | undefined;
}) {
  const id = useId();
  const [issue, dropIssue] = useIssue(props.path ?? 'imageUrl');
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        type="url"
        name="imageUrl"
        placeholder="https://"
        aria-invalid={issue !== null || undefined}
        aria-describedby={issue ? `${id}-issue` : undefined}
        onChange={(event) => {
          if (issue) dropIssue();
          props.onText?.(event.target.value);
        }}
      />
      {issue && (
        <p id={`${id}-issue`} className="bad">
          {issue}
        </p>
      )}
    </div>
  );
}

/** Rarely needed, so they are folded away. */
export function Extras(props: { image: string; onImage?: (address: string) => void }) {
  return (
    <details>
      <summary>Image and watermark</summary>
      <ImageField label={props.image} onText={props.onImage} />
      <LimitedField label="Watermark" name="waterMark" limit={2048} />
    </details>
  );
}

/** When the request is sent. */
export function Timing() {
  return (
    <>
      <label className="check">
        <input type="checkbox" name="whenBusy" value="QUEUE" />
        Send when there is room
      </label>
      <details>
        <summary>Send it later</summary>
        <div className="field">
          <label htmlFor="notBefore">Not before</label>
          <input id="notBefore" type="datetime-local" name="notBefore" />
        </div>
      </details>
    </>
  );
}

/** The fields of `Timing`. The browser gives a time without a time zone: it is local. */
export function toTiming(read: ReadField): Pick<ExtendVideoInput, 'whenBusy' | 'notBefore'> {
  const notBefore = read('notBefore');
  return {
    whenBusy: read('whenBusy') === 'QUEUE' ? 'QUEUE' : 'FAIL',
    notBefore: notBefore ? new Date(notBefore).toISOString() : null,
  };
}
