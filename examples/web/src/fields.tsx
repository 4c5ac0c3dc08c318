/** The fields that the forms share. */

import type { ExtendVideoInput, VideoQuality } from '../../../client/index.ts';
import { LimitedField } from './LimitedField.tsx';
import type { ReadField } from './VideoForm.tsx';

export function Choice(props: {
  legend: string;
  name: string;
  /** Value and label. */
  options: readonly (readonly [string, string])[];
  isDisabled?: (value: string) => boolean;
  onChange?: (value: string) => void;
}) {
  return (
    <fieldset className="choice">
      <legend>{props.legend}</legend>
      {props.options.map(([value, label], index) => (
        <label key={value}>
          <input
            type="radio"
            name={props.name}
            value={value}
            defaultChecked={index === 0}
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

/** Rarely needed, so they are folded away. */
export function Extras(props: { image: string; onImage?: (address: string) => void }) {
  return (
    <details>
      <summary>Image and watermark</summary>
      <div className="field">
        <label htmlFor="imageUrl">{props.image}</label>
        <input
          id="imageUrl"
          type="url"
          name="imageUrl"
          placeholder="https://"
          onChange={(event) => props.onImage?.(event.target.value)}
        />
      </div>
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
