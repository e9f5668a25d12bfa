import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kind } from './kind.js';

async function alert(settings: Record<string, unknown>, feed: object[], more = {}) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'route.alert', from: ['in'], settings: { when: 'score > 0.8', ...settings } } },
    feed: { in: feed as PlainRecord[] },
    collect: ['x'],
    ...more,
  });
  return { rows: records.x, changes: records.x.map(({ t, alert }) => [t, alert]), ...counters.x };
}

const scores = (...values: (number | null | undefined)[]): object[] =>
  values.map((score, i) => (score === undefined ? { t: i * 1000, other: 1 } : { t: i * 1000, score }));

describe('route.alert', () => {
  test('leaves only the changes, with the record, a severity and a message', async () => {
    const { rows, counted } = await alert(
      { severity: 'high', message: 'score {score} of {machine} at {t}, {nothing}' },
      [
        { t: 0, score: 0.5, machine: 'p1' },
        { t: 1000, score: 0.912345678, machine: 'p1' },
        { t: 2000, score: 0.95, machine: 'p1' },
        { t: 3000, score: 0.1, machine: 'p1' },
      ],
    );
    expect(rows).toEqual([
      {
        t: 1000,
        score: 0.912345678,
        machine: 'p1',
        alert: 'raised',
        severity: 'high',
        message: 'score 0.912346 of p1 at 1970-01-01T00:00:01.000Z, -',
      },
      expect.objectContaining({ t: 3000, score: 0.1, alert: 'cleared', severity: 'high' }),
    ]);
    expect(counted).toEqual({ raised: 1, cleared: 1 });
  });

  test('holds before it rings: an interruption begins the time anew', async () => {
    const feed = scores(0.9, 0.9, 0.5, 0.9, 0.9, 0.9, 0.9, 0.5);
    expect((await alert({ holdMs: 3000 }, feed)).changes).toEqual([
      [6000, 'raised'],
      [7000, 'cleared'],
    ]);
  });

  test('time that steps back neither rings early nor starts the hold anew', async () => {
    const feed = [0, 1000, 500, 2000, 3000].map((t) => ({ t, score: 1 }));
    expect((await alert({ holdMs: 3000 }, feed)).changes).toEqual([[3000, 'raised']]);
  });

  test('clears by a condition of its own, so that noise does not ring', async () => {
    const feed = scores(0.9, 0.7, 0.9, 0.7, 0.5, 0.7, 0.9);
    expect((await alert({ clearWhen: 'score < 0.6' }, feed)).changes).toEqual([
      [0, 'raised'],
      [4000, 'cleared'],
      [6000, 'raised'],
    ]);
  });

  test('a record without the fields changes nothing; a null is false', async () => {
    expect((await alert({}, scores(0.9, undefined, 0.9, undefined))).changes).toEqual([[0, 'raised']]);
    expect((await alert({}, scores(0.9, null))).changes).toEqual([
      [0, 'raised'],
      [1000, 'cleared'],
    ]);
    expect((await alert({ holdMs: 2000 }, scores(0.9, undefined, 0.9))).changes).toEqual([[2000, 'raised']]);
  });

  test('an alert a key', async () => {
    const feed = [
      { t: 0, m: 'a', score: 0.9 },
      { t: 1, m: 'b', score: 0.1 },
      { t: 2, m: 'b', score: 0.9 },
      { t: 3, m: 'a', score: 0.1 },
      { t: 4, score: 0.9 },
    ];
    const { rows, counted } = await alert({ key: 'm', message: '{key}' }, feed);
    expect(rows.map(({ t, alert, key, message }) => [t, alert, key, message])).toEqual([
      [0, 'raised', 'a', 'a'],
      [2, 'raised', 'b', 'b'],
      [3, 'cleared', 'a', 'a'],
    ]);
    expect(counted['no-key']).toBe(1);
  });

  test('is neither raised twice nor forgotten over a restart', async () => {
    const feed = scores(0.1, 0.9, 0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9);
    const whole = await alert({ holdMs: 2000 }, feed);
    expect(whole.changes).toHaveLength(3);
    for (const cutAfter of [2, 3, 4, 6, 8]) {
      expect((await alert({ holdMs: 2000 }, feed, { cutAfter, batchRows: 2 })).rows).toEqual(whole.rows);
    }
  });

  test('a message quotes no more of a text than a person reads', async () => {
    const { rows } = await alert({ when: 'v > 1', message: 'it says {text}' }, [
      { t: 1, v: 2, text: 'x'.repeat(1_000_000) },
    ]);
    expect(rows[0].message).toBe(`it says ${'x'.repeat(200)}...`);
  });

  test('a condition that is no condition is refused', () => {
    const check = (when: string) =>
      kind.check!({ when, holdMs: 0, severity: 'low', maxKeys: 1, signalMs: 0 }, [], () => undefined).length;
    expect([check('score'), check('score + 1'), check('score > 1')]).toEqual([0, 1, 0]);
  });
});
