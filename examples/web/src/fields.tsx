/** The fields that the forms share. */

import type { VideoQuality } from './gql/graphql.ts';
import { LimitedField } from './LimitedField.tsx';

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
