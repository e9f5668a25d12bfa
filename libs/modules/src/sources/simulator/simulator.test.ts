import { Batch, Schema } from '@millrace/engine';
import { part, rig, temporary, until } from '../../../../../test/kit/rig.js';
import { create } from './behaviour.js';
import { kind as simulatorKind } from './kind.js';
import { Signals } from './signals.js';

const { folder, remove } = temporary();
afterAll(remove);
const parts = [part(simulatorKind, create)];
const simulated = (settings: Record<string, unknown>) =>
  rig(parts, { sim: { type: 'source.simulator', settings } }, { folder });
async function run(settings: Record<string, unknown>) {
  const one = simulated({ speed: 'max', ...settings });
  await one.run.start();
  await one.run.finished;
  return { rows: one.out.sim, counters: one.run.counters().sim };
}

describe('source.simulator', () => {
  it('follows its formulas on the grid of each signal', async () => {
    const { rows } = await run({
      durationMs: 1000,
      startMs: 5000,
      signals: [
        { name: 'sine', shape: 'sine', hz: 4, amplitude: 2, offset: 10, periodMs: 1000 },
        { name: 'ramp', shape: 'ramp', hz: 2, amplitude: 3, periodMs: 1000 },
        { name: 'step', shape: 'step', hz: 2, amplitude: 7, periodMs: 1000 },
        { name: 'fault', shape: 'fault', hz: 4, amplitude: 8, periodMs: 1000, faultAtMs: 250, faultMs: 500 },
      ],
    });
    expect(rows.map(({ t }) => t)).toEqual([5000, 5250, 5500, 5750]);
    expect(rows.map(({ fault }) => fault)).toEqual([0, 0, 4, 8]);
    expect(rows[1]).toEqual({ t: 5250, sine: 12, fault: 0 });
    expect(rows[2]).toMatchObject({ ramp: 1.5, step: 7, sine: expect.closeTo(10, 9) });
  });

  const noisy = {
    durationMs: 200_000,
    dropPercent: 20,
    jitterMs: 3,
    seed: 7,
    signals: [{ name: 'a', shape: 'noise', hz: 100, amplitude: 2, offset: 5 }],
  };

  it('gives the same for the same seed, and what its settings say', async () => {
    const { rows, counters } = await run(noisy);
    expect((await run(noisy)).rows).toEqual(rows);
    expect((await run({ ...noisy, seed: 8 })).rows).not.toEqual(rows);
    expect(rows.length + (counters.counted['left-out'] ?? 0)).toBe(20_000);
    expect(rows.length / 20_000).toBeCloseTo(0.8, 1);
    const values = rows.map(({ a }) => a as number);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean).toBeCloseTo(5, 0);
    expect(Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)).toBeCloseTo(2, 0);
    expect(
      Math.max(...rows.map(({ t }, i) => (i ? Math.abs((t as number) - (rows[i - 1].t as number)) : 0))),
    ).toBeGreaterThan(10);
  });

  it('goes on from a position as if it had not been cut', () => {
    const settings = simulatorKind.settings.parse(noisy);
    const batch = new Batch(new Schema(['a']));
    const whole = new Signals(settings);
    for (let i = 0; i < 500; i++) whole.step(0, batch);
    const position = new Float64Array([200]);
    const rest = new Signals(settings);
    rest.seek(position);
    const other = new Batch(new Schema(['a']));
    for (let i = 200; i < 500; i++) rest.step(0, other);
    expect(Array.from(other.t.slice(0, other.n))).toEqual(
      Array.from(batch.t.slice(batch.n - other.n, batch.n)),
    );
  });

  it('is live at speed 1, and ends after its duration', async () => {
    const one = simulated({ durationMs: 200, signals: [{ name: 'a', shape: 'sine', hz: 50 }] });
    expect(one.run.live).toBe(true);
    const before = Date.now();
    await one.run.start();
    await until('ten samples', () => one.out.sim.length === 10);
    await one.run.finished;
    expect(Math.abs((one.out.sim[0].t as number) - before)).toBeLessThan(5000);
    expect(one.out.sim).toHaveLength(10);
  });

  it('refuses two signals of one name', () => {
    const settings = simulatorKind.settings.parse({
      signals: [
        { name: 'a', shape: 'sine' },
        { name: 'a', shape: 'ramp' },
      ],
    });
    expect(simulatorKind.check!(settings, [], () => undefined)).toMatchObject([
      { pointer: '/signals/1/name' },
    ]);
    expect(simulatorKind.settings.safeParse(simulatorKind.example.settings).success).toBe(true);
  });
});
