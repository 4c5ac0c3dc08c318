import { describe, expect, it } from 'vitest';
import { PREDECESSORS, VIDEO_STATES, type VideoState } from '../../src/video.ts';
import { readBlocks } from './support/blocks.ts';

const ARROW = /^ {2}(\[\*\]|[A-Z]+) --> (\[\*\]|[A-Z]+)(: .+)?$/;
const START_OR_END = '[*]';

const diagrams = readBlocks().filter(({ language }) => language === 'mermaid');

describe('the diagrams', () => {
  it.each(diagrams)('at $at has arrows of states and nothing else', ({ text }) => {
    const [kind, ...lines] = text.trimEnd().split('\n');

    expect(kind).toBe('stateDiagram-v2');
    for (const line of lines) expect(line).toMatch(ARROW);
  });

  it('of the lifecycle allows what the code allows, where steps may be skipped', () => {
    const [diagram] = diagrams;
    const arrows = Array.from(diagram?.text.matchAll(new RegExp(ARROW, 'gm')) ?? []).map(
      ([, from = '', to = '']) => ({ from, to }),
    );
    const between = arrows.filter(({ from, to }) => ![from, to].includes(START_OR_END));

    expect(diagrams).toHaveLength(1);
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
      found.add(from);
      open.push(from);
    }
  }
  return found;
}
