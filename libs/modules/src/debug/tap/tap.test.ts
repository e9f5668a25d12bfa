import { Batch, Schema, type ModuleContext } from '@millrace/engine';
import { create, hasRecent } from './behaviour.js';
import { kind as tapKind, type TapSettings } from './kind.js';

describe('debug.tap', () => {
  it('passes everything on, and looks at no more than it may', () => {
    let now = 0;
    let out = 0;
    let seen = 0;
    const settings = tapKind.settings.parse({ perSecond: 10, keep: 12 });
    const context = {
      settings,
      clock: { wall: () => now, monotonic: () => now },
      emit: (batch: Batch) => (out += batch.n),
      count: (_what: string, n: number) => (seen += n),
    };
    const tap = create(context as unknown as ModuleContext<TapSettings>);
    if (!hasRecent(tap)) throw new Error('a tap has recent records');
    const batch = new Batch(new Schema(['a']));
    const pass = (first: number) => {
      batch.reset();
      for (let i = 0; i < 100; i++) batch.column(0).pushNumber(batch.row(first + i), i);
      tap.process!(batch, 0);
    };
    pass(0);
    expect(tap.recent().map(({ t }) => t)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    pass(100);
    expect(seen).toBe(10);
    now = 500;
    pass(200);
    expect(seen).toBe(15);
    expect(tap.recent()).toHaveLength(12);
    expect(tap.recent().at(-1)).toEqual({ t: 299, a: 99 });
    now = 60_000;
    pass(300);
    expect(seen).toBe(25);
    expect(out).toBe(400);
  });
});
