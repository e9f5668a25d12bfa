import type { FlowDocument } from '@millrace/schemas';
import { noHistory, rebased, redone, stepped, undone } from './history.js';

const flow = (name: string): FlowDocument => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name },
  modules: {},
});
const step = (label: string) => ({ label, document: flow(label), text: label });

describe('undo and redo', () => {
  it('walk back and forth', () => {
    const history = stepped(stepped(noHistory, step('a'), 0), step('b'), 10);
    const back = undone(history, step('now'))!;
    expect(back.step.text).toBe('b');
    const again = redone(back.history, step('b'))!;
    expect(again.step.text).toBe('now');
    expect(again.step.label).toBe('b');
    expect(again.history.past).toHaveLength(2);
    expect(undone(noHistory, step('now'))).toBeUndefined();
  });

  it('take edits of one field soon after each other as one', () => {
    let history = stepped(noHistory, step('a'), 0, 'clean/min');
    history = stepped(history, step('b'), 900, 'clean/min');
    expect(history.past).toHaveLength(1);
    history = stepped(history, step('c'), 3_000, 'clean/min');
    history = stepped(history, step('d'), 3_100, 'clean/max');
    expect(history.past).toHaveLength(3);
  });

  it('lose the future with a new edit, and the oldest past when there is too much', () => {
    const back = undone(stepped(noHistory, step('a'), 0), step('b'))!;
    expect(stepped(back.history, step('c'), 0).future).toEqual([]);
    let history = noHistory;
    for (let i = 0; i < 150; i++) history = stepped(history, step(String(i)), i);
    expect(history.past).toHaveLength(100);
    expect(history.past[0]!.text).toBe('50');
  });

  it('keep what somebody else did', () => {
    const history = rebased(stepped(noHistory, step('a'), 0), (document) => ({
      ...document,
      metadata: { name: 'theirs' },
    }));
    expect(undone(history, step('now'))!.step).toEqual({ label: 'a', document: flow('theirs') });
  });
});
