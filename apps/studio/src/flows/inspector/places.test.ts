import { countBelow, problemsAt, problemsInside, settingPointer, unplaced } from './places.js';

const columns = settingPointer('rows', ['columns']);
const problems = [
  { pointer: `${columns}/1/name`, detail: 'one' },
  { pointer: `${columns}/10`, detail: 'ten' },
  { pointer: columns, detail: 'all' },
  { pointer: columns, detail: 'all' },
  { pointer: '/modules/rows/from', detail: 'no wire' },
  { pointer: '/modules/rows/queue/size', detail: 'size' },
  { pointer: '/modules/rows/settings/columnsOf', detail: 'misspelt' },
];

test('problems stand at their own field, and what has none on top', () => {
  expect(problemsAt(problems, columns)).toEqual(['all']);
  expect(countBelow(problems, `${columns}/1`)).toBe(1);
  expect(problemsInside(problems, columns)).toEqual(['Entry 2: one', 'Entry 11: ten']);
  expect(unplaced(problems, 'rows', ['columns']).map(({ detail }) => detail)).toEqual([
    'no wire',
    'misspelt',
  ]);
  expect(settingPointer('rows', ['set', 'a/b'])).toBe('/modules/rows/settings/set/a~1b');
});
