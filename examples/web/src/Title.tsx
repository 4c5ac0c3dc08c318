import { type RefObject, useLayoutEffect, useState } from 'react';
import { toShort } from './format.ts';

/** Beyond, the words are left out until they are asked for: a heading is read out as a whole. */
const HEADING_LENGTH = 240;

/** The prompt as a heading of three lines at most, with a button for the rest. */
export function Title(props: { text: string; heading: RefObject<HTMLHeadingElement | null> }) {
  const { text, heading } = props;
  const [isOpen, setOpen] = useState(false);
  const [isClamped, setClamped] = useState(false);
  const short = toShort(text, HEADING_LENGTH);

  useLayoutEffect(() => {
    const element = heading.current;
    if (!element || isOpen) return;
    const observer = new ResizeObserver(() =>
      setClamped(element.scrollHeight > element.clientHeight + 1),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [heading, isOpen]);

  return (
    <div className="title-line">
      <h2 id="take" ref={heading} tabIndex={-1} className={isOpen ? '' : 'clamped'}>
        {isOpen ? text : short}
      </h2>
      {(isOpen || isClamped || short !== text) && (
        <button
          type="button"
          className="link"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Show less' : 'Show all'}
        </button>
      )}
    </div>
  );
}
