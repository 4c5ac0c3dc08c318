/** Moves an item of a list by its handle, with a mouse, a pen or a finger. */

import { type PointerEvent, type RefObject, useEffect, useState } from 'react';

interface Drag {
  readonly from: number;
  readonly to: number;
}

/** So close to an edge of the window, in pixels, the page scrolls along. */
const EDGE = 64;
const SCROLL = 16;

/** @param onDrop called with the old and the new place. */
export function useDrag(
  list: RefObject<HTMLElement | null>,
  onDrop: (from: number, to: number) => void,
) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const isDragging = drag !== null;

  useEffect(() => {
    if (!isDragging) return;
    const onKeyDown = ({ key }: KeyboardEvent) => key === 'Escape' && setDrag(null);
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [isDragging]);

  /** Those whose middle is above the pointer come before it. */
  function toPlace(y: number, from: number): number {
    const items = [...(list.current?.children ?? [])];
    const before = items.filter((item, index) => {
      const { top, height } = item.getBoundingClientRect();
      return index !== from && top + height / 2 < y;
    });
    return before.length;
  }

  return {
    /** Null: nothing is being moved. */
    drag,
    /** For the handle of the item with this index. */
    toHandle: (index: number) => ({
      onPointerDown(event: PointerEvent<HTMLElement>) {
        if (event.button !== 0) return;
        // Otherwise the browser would select text.
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: index, to: index });
      },
      onPointerMove({ clientY }: PointerEvent<HTMLElement>) {
        if (drag?.from !== index) return;
        if (clientY < EDGE) window.scrollBy(0, -SCROLL);
        if (clientY > window.innerHeight - EDGE) window.scrollBy(0, SCROLL);
        setDrag({ from: index, to: toPlace(clientY, index) });
      },
      onPointerUp() {
        if (drag?.from === index && drag.to !== index) onDrop(index, drag.to);
        setDrag(null);
      },
      onPointerCancel: () => setDrag(null),
    }),
  };
}
