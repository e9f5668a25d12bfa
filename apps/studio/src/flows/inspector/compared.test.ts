import type { Frames, PortData } from '../watch/frames.js';
import { comparedFields } from './compared.js';
import { leadingTo } from './wiring.js';

const port = (...fields: string[]) =>
  ({
    fields: new Map(fields.map((field) => [field, 'number'])),
    series: (field: string) => (fields.includes(field) ? { t: [1], v: [1] } : undefined),
  }) as unknown as PortData;
const frames = (ports: Record<string, PortData>) =>
  ({ port: (module: string, name: string) => ports[`${module}.${name}`] }) as Pick<Frames, 'port'>;

test('the field that the settings name, before and after', () => {
  const seen = frames({ 'src.out': port('a', 'b'), 'clean.out': port('a', 'b') });
  const module = { type: 'clean.range', from: ['src'], settings: { field: 'b' } };
  expect(comparedFields(seen, 'clean', module)).toEqual([
    { module: 'src', port: 'out', field: 'b' },
    { module: 'clean', port: 'out', field: 'b' },
  ]);
  expect(comparedFields(seen, 'clean', { ...module, settings: {} })?.[0].field).toBe('a');
  expect(comparedFields(seen, 'clean', { ...module, type: 'route.alert' })).toBeUndefined();
  expect(comparedFields(seen, 'clean', { ...module, from: ['gone'] })).toBeUndefined();
  expect(comparedFields(frames({}), 'clean', module)).toBeUndefined();
});

test('where each port leads, also one that is not there', () => {
  const modules = {
    a: { type: 'x.y' },
    b: { type: 'x.y', from: ['a', 'a.late'] },
    c: { type: 'x.y', from: ['b'] },
  };
  expect(leadingTo({ modules }, 'a', ['out'])).toEqual([
    { port: 'out', to: ['b'] },
    { port: 'late', to: ['b'] },
  ]);
});
