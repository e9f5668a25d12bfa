import type { ModuleCounters, TapFrame } from '@millrace/schemas';
import { extrasOf, mainField } from './extras.js';
import { FrameCollector, type Sample } from './frames.js';

const document = {
  modules: {
    rig: { type: 'source.simulator' },
    plant: { type: 'source.simulator' },
    rows: { type: 'align.rows', from: ['rig', 'plant'] },
    model: { type: 'model.onnx', from: ['rows'] },
    up: { type: 'sink.file', from: ['model'] },
  },
};
const counters = (some: Partial<ModuleCounters> = {}): ModuleCounters => ({
  in: 0,
  out: 0,
  bytes: 0,
  errors: 0,
  dropped: {},
  counted: {},
  p50Ms: null,
  p99Ms: null,
  queued: 0,
  lastError: null,
  ...some,
});
const port = (records: number, sampled: Sample[] = []) => ({
  counters: counters(),
  ports: { out: { records, sampled } },
});
const frame = (t: number, modules: TapFrame['modules'], intervalMs = 1_000): TapFrame => ({
  t,
  intervalMs,
  modules,
});
const looking = (live = false) => new FrameCollector({ document, live });

describe('frames', () => {
  it('count exactly, and the rate is that of the last ten seconds', () => {
    const frames = looking(true);
    expect(frames.view().rateIn).toBeNull();
    for (let second = 1; second <= 30; second++) {
      frames.add(frame(second * 1_000, { rig: port(second <= 20 ? 100 : 5), plant: port(1) }));
    }
    const view = frames.view();
    expect(view.port('rig', 'out')).toMatchObject({ total: 2_050, rate: 5 });
    expect(view.rateIn).toBe(6);
  });

  it('hold the last twenty records, newest last', () => {
    const frames = looking();
    for (let t = 0; t < 50; t += 10) {
      frames.add(
        frame(
          t,
          { rig: port(10, Array.from({ length: 10 }, (_, index) => ({ t: t + index, a: t + index }))) },
        ),
      ); // prettier-ignore
    }
    const recent = frames.view().port('rig', 'out')!.recent;
    expect(recent).toHaveLength(20);
    expect(recent.at(-1)).toEqual({ t: 49, a: 49 });
  });

  it('know the kinds of fields, and which of them a module adds', () => {
    const frames = looking();
    frames.add(
      frame(1, {
        rig: port(1, [{ t: 1, a: 1, name: 'x', on: true, list: [1], none: null }]),
        rows: port(2, [
          { t: 1, a: null, b: 2 },
          { t: 2, a: 1, b: 'x' },
        ]),
        model: port(1, [{ t: 1, a: 1, b: 2, verdict: 3, p: 0.25 }]),
      }),
    );
    const view = frames.view();
    expect(Object.fromEntries(view.port('rig', 'out')!.fields)).toEqual({
      a: 'number',
      name: 'text',
      on: 'yes or no',
      list: 'list',
      none: 'empty',
    });
    expect(Object.fromEntries(view.port('rows', 'out')!.fields)).toEqual({ a: 'number', b: 'mixed' });
    expect(view.port('model', 'out')!.own).toEqual(['verdict', 'p']);
    expect(mainField(view, view.port('model', 'out')!)).toBe('p');
    expect(mainField(view, view.port('rig', 'out')!)).toBe('a');
  });

  it('say most by a signal, and not by a number of the record or by how old a value is', () => {
    const frames = looking();
    const sampled = [1, 2, 3].map((seq) => ({ t: seq, seq, a: 36 - seq, b: 41, 'age.a': 0 }));
    frames.add(frame(3, { rig: port(3, [{ t: 1, a: 1, b: 1 }]), rows: port(3, sampled) }));
    const view = frames.view();
    expect(view.port('rows', 'out')!.own).toEqual(['seq', 'age.a']);
    expect(mainField(view, view.port('rows', 'out')!)).toBe('a');
  });

  it('sum what sources read and what leaves', () => {
    const frames = looking();
    const bytes = (count: number) => ({ counters: counters({ bytes: count }), ports: {} });
    frames.add(frame(1, { rig: bytes(900), plant: bytes(300), rows: bytes(0), up: bytes(10) }));
    expect(frames.view()).toMatchObject({ bytesIn: 1_200, bytesOut: 10 });
  });

  it('in live use lose what came ten minutes ago; a test run keeps its beginning', () => {
    const [live, test] = [looking(true), looking()];
    for (let minute = 0; minute <= 20; minute++) {
      const at = frame(minute * 60_000, { rig: port(1, [{ t: minute * 60_000, a: minute }]) });
      for (const frames of [live, test]) frames.add(at);
    }
    expect(live.view().port('rig', 'out')!.series('a')!.v[0]).toBe(10);
    expect(test.view().port('rig', 'out')!.series('a')!.v[0]).toBe(0);
  });

  it('stay bounded when there are very many fields', () => {
    const frames = looking();
    for (let turn = 0; turn < 30; turn++) {
      const sampled = Array.from({ length: 50 }, (_, row): Sample => {
        const fields = Array.from({ length: 600 }, (_, field) => [`f${field}`, row]);
        return { t: turn * 50 + row, ...Object.fromEntries(fields) };
      });
      frames.add(frame(turn, { rig: port(50, sampled), plant: port(50, sampled) }));
    }
    const { fields, series } = frames.view().port('rig', 'out')!;
    expect(fields.size).toBe(512);
    expect(series('f0')!.t.length).toBeLessThanOrEqual(1_000);
    expect(series('f0')!.t.length).toBeGreaterThan(400);
  });

  it('tell an error while it is news', () => {
    const frames = looking(true);
    const failing = (errors: number) => ({
      model: { counters: counters({ errors, lastError: 'no column' }), ports: {} },
    });
    const error = () => frames.view().modules.get('model')!.error;
    frames.add(frame(1_000, failing(7)));
    expect(error()).toBeUndefined();
    frames.add(frame(2_000, failing(8)));
    expect(error()).toBe('no column');
    frames.add(frame(70_000, failing(8)));
    expect(error()).toBeUndefined();
    frames.add(frame(71_000, failing(1)));
    expect(error()).toBeUndefined();
  });

  it('can be held still while they go on', () => {
    const frames = looking(true);
    frames.add(frame(1_000, { rig: port(1, [{ t: 1_000, a: 1 }]) }));
    const still = frames.copy();
    frames.add(frame(2_000, { rig: port(3, [{ t: 2_000, a: 2, b: 1 }]) }));
    expect(still.view().port('rig', 'out')).toMatchObject({ total: 1, rate: 1, recent: [{ a: 1 }] });
    expect(still.view().port('rig', 'out')!.series('a')!.v).toEqual([1]);
    expect(frames.view().port('rig', 'out')!.series('a')!.v).toEqual([1, 2]);
  });
});

describe('what a canvas shows', () => {
  it('is rates and values while it runs, and totals when it is over', () => {
    const frames = looking();
    frames.add(
      frame(1_000, {
        rig: port(20, [
          { t: 1, a: 41.239 },
          { t: 2, a: 41.5 },
        ]),
        up: { counters: counters({ in: 4 }), ports: {} },
      }),
    );
    const first = extrasOf(frames.view());
    expect(first.modules.get('rig')).toEqual({ note: '20/s', spark: [41.239, 41.5] });
    expect(first.modules.get('up')).toEqual({ note: '4/s' });
    expect(first.wires.get('rig.out>rows')).toEqual({ label: '20/s · a 41.5' });
    expect(extrasOf(frames.view(), first).modules.get('rig')).toBe(first.modules.get('rig'));
    frames.end();
    expect(extrasOf(frames.view()).modules.get('rig')!.note).toBe('20 out');
  });
});
