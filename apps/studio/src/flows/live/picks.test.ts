import type { TapFrame } from '@millrace/schemas';
import { FrameCollector, type Sample } from '../watch/frames.js';
import { allFields, fieldOf, firstPicks, keyOf, readPick, titleOf, wordOf, written } from './picks.js';

const modules = {
  ts1: { type: 'source.csv' },
  ts2: { type: 'source.csv' },
  rows: { type: 'align.rows', from: ['ts1', 'ts2'] },
  features: { type: 'feature.stats', from: ['rows'] },
  condition: { type: 'model.onnx', from: ['features'] },
};
const counters = { in: 0, out: 0, bytes: 0, errors: 0, dropped: {}, counted: {}, queued: 0 };
const none = { p50Ms: null, p99Ms: null, lastError: null };

function seen(records: Record<string, Sample>, only: object = modules) {
  const frames = new FrameCollector({ document: { modules: only as typeof modules }, live: true });
  const at: TapFrame['modules'] = {};
  for (const [id, record] of Object.entries(records)) {
    at[id] = { counters: { ...counters, ...none }, ports: { out: { records: 1, sampled: [record] } } };
  }
  frames.add({ t: 1, intervalMs: 1_000, modules: at });
  return frames.view();
}
const words = (pick: Parameters<typeof titleOf>[0]) => pick.map(wordOf);

const all = {
  ts1: { t: 1, cycle: 1606, TS1: 36 },
  ts2: { t: 1, TS2: 41 },
  rows: { t: 1, TS1: 36, TS2: 41, cycle: 1606, 'age.TS1': 20, 'age.TS2': 20 },
  features: { t: 1, TS1_mean: 36, TS1_std: 0.1 },
  condition: { t: 1, TS1_mean: 36, TS1_std: 0.1, condition: 100, p_failing: 0.25 },
};

it('what is drawn first is the aligned signals that share an axis, and the score of the model', () => {
  const picks = firstPicks(seen(all), modules);
  expect(picks.map(words)).toEqual([['rows · TS1', 'rows · TS2'], ['condition · p_failing']]);
  expect(picks.map((pick) => titleOf(pick, modules))).toEqual(['Signals', 'Score']);
});

it('without an aligner it is the sources, without a model the features', () => {
  const { ts1, ts2, features } = all;
  const picks = firstPicks(seen({ ts1, ts2, features }), modules);
  expect(picks.map(words)).toEqual([['ts1 · TS1', 'ts2 · TS2'], ['features · TS1_mean']]);
  expect(titleOf(picks[1]!, modules)).toBe('features');
  expect(firstPicks(seen({}), modules)).toEqual([]);
});

it('every numeric field can be chosen', () => {
  expect(allFields(seen({ ...all, ts2: { t: 1, name: 'x', list: [1] } }))).toHaveLength(13);
});

it('a choice stands in the address, whatever the fields are called', () => {
  const pick = [
    { module: 'rows', port: 'late', field: 'a.b, c%' },
    { module: 'rows', port: 'out', field: 'Größe 温度' },
  ];
  expect(readPick(written(pick))).toEqual(pick);
  expect(readPick('%,nothing,rows.out.a,rows.out')).toEqual([{ module: 'rows', port: 'out', field: 'a' }]);
  expect(fieldOf(keyOf(pick[0]!))).toEqual(pick[0]);
  expect(wordOf(pick[0]!)).toBe('rows.late · a.b, c%');
});
