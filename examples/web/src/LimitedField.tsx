import { type ClipboardEvent, type ReactNode, useId, useState } from 'react';
import { useIssue } from './issues.ts';
import { recallDrafts, rememberDraft } from './memory.ts';

interface Props {
  readonly label: ReactNode;
  readonly name: string;
  /** In code points, as the gateway counts. */
  readonly limit: number;
  readonly rows?: number;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly defaultValue?: string;
  /** Names the form, where what is written in it outlives a reload. */
  readonly draft?: string;
  /** Where it is in the input, with dots. Default: its name. */
  readonly path?: string;
  readonly id?: string;
  readonly onText?: (text: string) => void;
}

const NUMBER = new Intl.NumberFormat('en');
const count = (text: string) => [...text].length;

/**
 * A text with a counter. `maxLength` would cut a long paste without a word, and the rest would be
 * paid for: here such a paste is refused, and longer text cannot be sent.
 */
export function LimitedField({ label, limit, rows, draft, path, onText, ...field }: Props) {
  const generated = useId();
  const id = field.id ?? generated;
  const [issue, dropIssue] = useIssue(path ?? field.name);
  const [initial] = useState(() => (draft && recallDrafts()[draft]) || field.defaultValue || '');
  const [length, setLength] = useState(count(initial));
  const [refused, setRefused] = useState(0);
  const isLong = length > limit;

  function take(input: HTMLTextAreaElement | HTMLInputElement): void {
    const now = count(input.value);
    setLength(now);
    setRefused(0);
    input.setCustomValidity(now > limit ? `Shorten it to ${NUMBER.format(limit)} characters.` : '');
    if (draft) rememberDraft(draft, input.value);
    if (issue) dropIssue();
    onText?.(input.value);
  }

  function onPaste(event: ClipboardEvent<HTMLTextAreaElement | HTMLInputElement>): void {
    const { value, selectionStart, selectionEnd } = event.currentTarget;
    const selected = value.slice(selectionStart ?? 0, selectionEnd ?? 0);
    const result = count(value) - count(selected) + count(event.clipboardData.getData('text'));
    if (result <= limit) return;
    event.preventDefault();
    setRefused(result);
  }

  const shared = {
    ...field,
    defaultValue: initial,
    id,
    onPaste,
    'aria-invalid': issue !== null || undefined,
    'aria-describedby': issue ? `${id}-issue ${id}-count` : `${id}-count`,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {rows ? (
        <textarea {...shared} rows={rows} onInput={(event) => take(event.currentTarget)} />
      ) : (
        <input {...shared} type="text" onInput={(event) => take(event.currentTarget)} />
      )}
      {issue && (
        <p id={`${id}-issue`} className="bad">
          {issue}
        </p>
      )}
      <p id={`${id}-count`} className={isLong ? 'count bad' : 'count'}>
        {NUMBER.format(length)} of {NUMBER.format(limit)} characters
      </p>
      <p className="bad" role="status">
        {refused > 0 &&
          `Nothing was pasted: the text would have ${NUMBER.format(refused)} characters, and ${NUMBER.format(limit)} are allowed.`}
      </p>
    </div>
  );
}
