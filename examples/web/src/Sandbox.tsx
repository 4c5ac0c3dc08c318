/** What is shown only where the sandbox is the upstream. */

import { type MouseEvent, useEffect, useRef } from 'react';

/** Some of the words in a prompt that choose what the sandbox does; docs/sandbox.md has them all. */
const WORDS = [
  ['#slow', 'takes ten times as long'],
  ['#nsfw', 'fails: content not allowed'],
  ['#moderated-once', 'fails the first time'],
  ['#fail-500', 'fails: an error of the service'],
  ['#429', 'is refused: too many requests'],
  ['#busy', 'is refused once: too many requests'],
  ['#402', 'is refused: no credits left'],
  ['#answer-lost', 'is made, but its answer is lost'],
  ['#callback-lost', 'is made, but never reported'],
  ['#html', 'is answered with a web page'],
  ['#expired', 'is made, but its files are gone'],
] as const;

export function SandboxBadge() {
  return (
    <span className="badge" title="A stand-in for the video service: nothing is paid.">
      Sandbox
    </span>
  );
}

/** Adds a word to the prompt of its form that was used last. */
export function SandboxWords() {
  const used = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    function onFocus({ target }: FocusEvent): void {
      if (target instanceof HTMLTextAreaElement) used.current = target;
    }
    document.addEventListener('focusin', onFocus);
    return () => document.removeEventListener('focusin', onFocus);
  }, []);

  function add(event: MouseEvent<HTMLButtonElement>): void {
    const { form } = event.currentTarget;
    const prompt =
      used.current?.form === form
        ? used.current
        : form?.querySelector<HTMLTextAreaElement>('textarea');
    if (!prompt) return;
    prompt.value = `${prompt.value.trimEnd()} ${event.currentTarget.value}`.trimStart();
    prompt.dispatchEvent(new Event('input', { bubbles: true }));
    prompt.focus();
  }
  return (
    <details>
      <summary>
        Try what can go wrong <SandboxBadge />
      </summary>
      <ul className="words">
        {WORDS.map(([word, effect]) => (
          <li key={word}>
            <button type="button" className="quiet" value={word} onClick={add}>
              {word}
            </button>{' '}
            {effect}
          </li>
        ))}
      </ul>
    </details>
  );
}
