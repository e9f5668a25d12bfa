import { columnsOf } from '@millrace/flow';
import { entriesFromFields, hintsFor, type Known } from './hints.js';

const known = (type: string, settings: Record<string, unknown>, from = ['a']): Known => ({
  module: { type, from, settings },
  arriving: columnsOf({ TS1: { type: 'number', unit: '°C' }, TS2: 'unknown' }),
  contract: undefined,
});
const words = (pointer: string, of: Known) => hintsFor(pointer, of).map(({ value }) => value);

test('names from the rest of the flow', () => {
  const rows = known('align.rows', { columns: [{ name: 'TS1' }, 'wrong', {}] });
  expect(hintsFor('/columns/*/name', rows)).toEqual([
    { value: 'TS1', note: 'number °C' },
    { value: 'TS2', note: '' },
  ]);
  expect(words('/grid/master', rows)).toEqual(['TS1']);
  expect(words('/columns/*/from', known('align.rows', {}, ['a', 'b.late']))).toContain('b.TS2');
  expect(words('/anything', rows)).toEqual([]);
  expect(words('/fallback/*', known('model.onnx', { outputs: [{ as: 'score' }] }))).toEqual(['score']);
});

test('what arrives as entries, each once', () => {
  const rows = known('align.rows', {});
  expect(entriesFromFields('/columns', rows, [{ name: 'TS1' }, 3])).toEqual([{ name: 'TS2' }]);
  expect(entriesFromFields('/outputs', known('model.onnx', {}), [])).toBeUndefined();
});
