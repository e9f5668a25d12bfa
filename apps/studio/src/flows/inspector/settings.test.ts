import { formOf, fieldAt, type FieldOf, type FormField } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import {
  beginningOf,
  carried,
  changed,
  defaultOf,
  joined,
  mainAndMore,
  moved,
  renamedKey,
  summaryOf,
  wayOf,
} from './settings.js';

const at = <K extends FormField['kind']>(type: string, ...path: string[]) => {
  const field = fieldAt(formOf(kinds.get(type)!), path);
  if (field === undefined) throw new Error(`${type} has no ${path.join('/')}`);
  return field as FieldOf<K>;
};

describe('changes of settings', () => {
  it('come in their order, over what others changed', () => {
    const changes = joined([{ path: ['min'], value: 1 }], { path: ['min'], value: 2 });
    expect(changes).toHaveLength(1);
    expect(changed({ field: 'TS1', max: 9 }, changes)).toEqual({ field: 'TS1', max: 9, min: 2 });
  });

  it('take away what is empty then, and never the entry that one is in', () => {
    const gone = { path: ['rotate', 'keep'], value: undefined };
    expect(changed({ rotate: { keep: 1 }, path: 'a' }, [gone])).toEqual({ path: 'a' });
    const inside = { path: ['columns', 0, 'name'], value: undefined, floor: 2 };
    expect(changed({ columns: [{ name: 'a' }, { name: 'b' }] }, [inside])).toEqual({
      columns: [{}, { name: 'b' }],
    });
  });

  it('of a place that is gone meanwhile change nothing else', () => {
    expect(changed({ a: 1 }, [{ path: ['b', 'c'], value: undefined }])).toEqual({ a: 1 });
  });
});

test('lists move and records rename in place', () => {
  expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
  expect(Object.keys(renamedKey({ a: 1, b: 2 }, 'a', 'z'))).toEqual(['z', 'b']);
  expect(renamedKey({ a: 1, b: 2 }, 'a', 'b')).toEqual({ a: 1, b: 2 });
});

describe('ways of a union', () => {
  const grid = at<'union'>('align.rows', 'grid');
  it('is the one that a wrong value is most like', () => {
    expect(wayOf(grid, { master: 'TS1' })).toBe(1);
    expect(wayOf(grid, { periodMs: 'soon' })).toBe(0);
    expect(wayOf(grid, { master: 3 })).toBe(1);
    expect(wayOf(grid, undefined)).toBe(-1);
  });

  it('keep what both have', () => {
    expect(carried(grid.options[1]!, { periodMs: 100, originMs: 5 })).toEqual({ master: '', periodMs: 100 });
    const fields = at<'union'>('source.csv', 'fields');
    expect(carried(fields.options[1]!, ['a', 'b'])).toEqual({ a: 'a', b: 'b' });
    expect(carried(fields.options[0]!, { a: 'x' })).toEqual(['a']);
    const speed = at<'union'>('source.csv', 'speed');
    expect(carried(speed.options[1]!, 'max')).toBe(1);
    expect(carried(speed.options[0]!, 4)).toBe('max');
  });
});

test('what is begun fits its control, and says what is missing', () => {
  expect(beginningOf(at<'list'>('align.rows', 'columns').item)).toEqual({ name: '' });
  expect(beginningOf(at('map.set', 'set', 'any'))).toBe('');
  expect(beginningOf(at('scale.minmax', 'featureRange'))).toEqual([0, 1]);
});

test('in short', () => {
  const { item } = at<'list'>('align.rows', 'columns');
  expect(summaryOf(item, { name: 'TS1', method: 'mean', maxAgeMs: 5000 })).toBe('TS1 · mean · 5 s');
  expect(summaryOf(item, {})).toBe('');
  expect(defaultOf(at('route.alert', 'signalMs'))).toBe('default 10 min');
  expect(defaultOf(at('source.csv', 'loop'))).toBe('default off');
  expect(defaultOf(at('route.alert', 'message'))).toBeUndefined();
});

test('little is shown at once, and all that is set', () => {
  const form = formOf(kinds.get('align.rows')!);
  const { main, more } = mainAndMore(form, { emit: 'onNew' }, 8);
  expect(main.map(({ key }) => key)).toEqual(['grid', 'emit', 'columns']);
  expect(main.length + more.length).toBe(form.length);
  expect(mainAndMore(formOf(kinds.get('sink.director')!), {}, 1).more).toEqual([]);
});
