import { kinds } from '@millrace/modules/kinds';
import { heightOf, lineOf, portsOf } from './look.js';

describe('a card', () => {
  it('says the main settings in the order of the kind', () => {
    const module = { type: 'clean.range', settings: { action: 'null', max: 120, min: 0, field: 'TS1' } };
    expect(lineOf(module, kinds.get('clean.range'))).toBe('TS1, min 0, max 120');
  });

  it('names resources and columns, and passes over what has no short word', () => {
    expect(lineOf({ type: 'x.y', settings: { file: 'resource:a@1', deep: { a: 1 } } }, undefined)).toBe(
      'a@1',
    );
    const columns = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }));
    expect(lineOf({ type: 'x.y', settings: { columns } }, undefined)).toBe('a b c d +1');
    expect(lineOf({ type: 'x.y' }, undefined)).toBe('');
  });

  it('has the ports of its kind, the error port, and those that wires name', () => {
    const module = { type: 'route.alert', onError: 'port' as const };
    expect(portsOf(module, kinds.get('route.alert'), ['gone'])).toEqual({
      input: true,
      outputs: ['out', 'error', 'gone'],
    });
    expect(portsOf({ type: 'source.csv' }, kinds.get('source.csv')).input).toBe(false);
    expect(portsOf({ type: 'sink.file' }, kinds.get('sink.file')).outputs).toEqual([]);
  });

  it('grows with its ports and with what is live', () => {
    expect(heightOf(4, false)).toBeGreaterThan(heightOf(1, false));
    expect(heightOf(1, true)).toBeGreaterThan(heightOf(1, false));
  });
});
