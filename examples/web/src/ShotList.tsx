import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react';
import { useDrag } from './drag.ts';
import { toShort } from './format.ts';
import { LimitedField } from './LimitedField.tsx';
import { createShot, type DraftShot, moveShot } from './storyboard.ts';

interface Props {
  readonly shots: readonly DraftShot[];
  /** The number of the first of them; 1 unless some have been made. */
  readonly first?: number;
  readonly onChange: (shots: readonly DraftShot[]) => void;
}

const PLACEHOLDERS = ['The cat jumps onto the table', 'The lights go out', 'The cat falls asleep'];

/**
 * Shots as cards, to be written, added, removed and put in order: with buttons, keys or a handle. The
 * focus stays with the card, and a live region tells what has changed.
 */
export function ShotList({ shots, first = 1, onChange }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const nextFocus = useRef('');
  const [says, setSays] = useState('');
  const [removed, setRemoved] = useState<{ shot: DraftShot; index: number } | null>(null);
  const { drag, toHandle } = useDrag(list, (from, to) => move(from, to, ''));
  const last = first + shots.length - 1;

  // A card that is moved or removed loses the focus.
  useLayoutEffect(() => {
    if (nextFocus.current) document.getElementById(nextFocus.current)?.focus();
    nextFocus.current = '';
  });

  function change(next: readonly DraftShot[], focus: string, words: string): void {
    nextFocus.current = focus;
    setSays(words);
    setRemoved(null);
    onChange(next);
  }

  function move(from: number, to: number, focus: string): void {
    const shot = shots[from];
    if (!shot || to < 0 || to >= shots.length) return;
    const name = shot.prompt.trim() ? `“${toShort(shot.prompt.trim(), 40)}”` : 'The empty shot';
    change(moveShot(shots, from, to), focus, `${name} is now shot ${first + to} of ${last}.`);
  }

  function add(): void {
    const shot = createShot();
    change([...shots, shot], shot.id, `Shot ${last + 1} was added.`);
  }

  function remove(index: number): void {
    const shot = shots[index];
    if (!shot || shots.length === 1) return;
    const next = shots.filter((_, other) => other !== index);
    const neighbour = next[index] ?? next.at(-1);
    change(next, neighbour?.id ?? '', `Shot ${first + index} was removed.`);
    setRemoved({ shot, index });
  }

  function putBack(): void {
    if (!removed) return;
    const { shot, index } = removed;
    const next = [...shots.slice(0, index), shot, ...shots.slice(index)];
    change(next, shot.id, `Shot ${first + index} is back.`);
  }

  function onKeyDown(event: KeyboardEvent<HTMLLIElement>, index: number): void {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    move(index, index + (event.key === 'ArrowUp' ? -1 : 1), (event.target as HTMLElement).id);
  }

  return (
    <div className="shots">
      <p className="soft">
        Move a shot with its buttons, with Alt and an arrow key, or by dragging its number.
      </p>
      <ol ref={list}>
        {shots.map((shot, index) => {
          const number = first + index;
          return (
            <li
              key={shot.id}
              className={toClass(index, drag)}
              onKeyDown={(event) => onKeyDown(event, index)}
            >
              <span className="handle" aria-hidden="true" {...toHandle(index)}>
                {number}
              </span>
              <LimitedField
                id={shot.id}
                label={`Shot ${number}`}
                name="shot"
                path={`shots.${shot.id}.prompt`}
                rows={2}
                required
                limit={2048}
                placeholder={PLACEHOLDERS[index % PLACEHOLDERS.length]}
                defaultValue={shot.prompt}
                onText={(prompt) =>
                  onChange(shots.map((one) => (one === shot ? { ...one, prompt } : one)))
                }
              />
              <div className="actions">
                <button
                  id={`${shot.id}-up`}
                  type="button"
                  aria-label={`Move shot ${number} up`}
                  aria-disabled={index === 0}
                  onClick={() => move(index, index - 1, `${shot.id}-up`)}
                >
                  Up
                </button>
                <button
                  id={`${shot.id}-down`}
                  type="button"
                  aria-label={`Move shot ${number} down`}
                  aria-disabled={number === last}
                  onClick={() => move(index, index + 1, `${shot.id}-down`)}
                >
                  Down
                </button>
                <button
                  id={`${shot.id}-remove`}
                  type="button"
                  aria-label={`Remove shot ${number}`}
                  aria-disabled={shots.length === 1}
                  onClick={() => remove(index)}
                >
                  Remove
                </button>
              </div>
            </li>
          );
        })}
      </ol>
      <div className="actions">
        <button type="button" onClick={add}>
          Add a shot
        </button>
        <span role="status">{says}</span>
        {removed && (
          <button type="button" className="link" onClick={putBack}>
            Put it back
          </button>
        )}
      </div>
    </div>
  );
}

/** The card that is dragged, and the edge of the one where it would land. */
function toClass(index: number, drag: { from: number; to: number } | null): string {
  if (!drag) return 'shot';
  if (index === drag.from) return 'shot dragged';
  if (index !== drag.to) return 'shot';
  return drag.to < drag.from ? 'shot drop-before' : 'shot drop-after';
}
