import { describe, expect, it } from 'vitest';
import { PREDECESSORS, VIDEO_STATES, type VideoState } from '../../src/video.ts';
import { readBlocks } from './support/blocks.ts';

const ARROW = /^ {2}(\[\*\]|[A-Z]+) --> (\[\*\]|[A-Z]+)(: .+)?$/;
const PARTICIPANT = /^ {2}participant (\w+)( as .+)?$/;
const MESSAGE = /^ {2}(\w+)--?>>(\w+): .+$/;
const START_OR_END = '[*]';

const diagrams = readBlocks()
  .filter(({ language }) => language === 'mermaid')
  .map(({ at, text }) => {
    const [kind = '', ...lines] = text.trimEnd().split('\n');
    return { at, kind, lines };
  });
const lifecycles = diagrams.filter(({ kind }) => kind === 'stateDiagram-v2');
const sequences = diagrams.filter(({ kind }) => kind === 'sequenceDiagram');

describe('the diagrams', () => {
  it('are of a kind that is tested', () => {
    expect(diagrams).toHaveLength(lifecycles.length + sequences.length);
  });

  it.each(sequences)('at $at sends messages between its participants only', ({ lines }) => {
    const names = lines.map((line) => PARTICIPANT.exec(line)?.[1]).filter((name) => name);
    const messages = lines.slice(names.length).map((line) => MESSAGE.exec(line)?.slice(1, 3));

    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) {
      expect(names).toEqual(expect.arrayContaining(message ?? ['no message']));
    }
  });

  it('of the lifecycle allows the same transitions as the code, where states may be skipped', () => {
    const [diagram] = lifecycles;
    const arrows = (diagram?.lines ?? []).map((line) => {
      const [, from = '', to = ''] = ARROW.exec(line) ?? expect.unreachable(line);
      return { from, to };
    });
    const between = arrows.filter(({ from, to }) => ![from, to].includes(START_OR_END));

    expect(lifecycles).toHaveLength(1);
    for (const state of VIDEO_STATES) {
      expect([...toPredecessors(state, between)].sort(), state).toEqual(
        PREDECESSORS[state].toSorted(),
      );
    }
    expect(arrows).toContainEqual({ from: START_OR_END, to: 'UNCONFIRMED' });
    expect(arrows.filter(({ to }) => to === START_OR_END).map(({ from }) => from)).toEqual(
      VIDEO_STATES.filter((state) => !Object.values(PREDECESSORS).flat().includes(state)),
    );
  });
});

/** All states from which arrows lead to this one, over others too. */
function toPredecessors(
  state: VideoState,
  arrows: readonly { from: string; to: string }[],
): Set<string> {
  const found = new Set<string>();
  const open: string[] = [state];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { from, to } of arrows) {
      if (to !== next || found.has(from)) continue;
      // A scheduled request is always sent before it has another open state.
      if (from === 'SCHEDULED' && to === 'UNCONFIRMED' && state !== 'UNCONFIRMED') continue;
      found.add(from);
      open.push(from);
    }
  }
  return found;
}
