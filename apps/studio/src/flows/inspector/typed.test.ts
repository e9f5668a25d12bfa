import { reading, typedNumber, wrongNumber, type NumberField } from './typed.js';

const base = { key: 'x', pointer: '/x', label: 'X', docs: '', required: false };
const time: NumberField = { ...base, kind: 'duration', unit: 'ms', whole: true, min: 0 };
const share: NumberField = { ...base, kind: 'number', above: 0, max: 1 };

test.each<[NumberField, string, unknown]>([
  [time, '', undefined],
  [time, ' 20 ', 20],
  [time, '2.5 s', 2_500],
  [time, '5min', 300_000],
  [time, '2 weeks', '2 weeks'],
  [share, '1.', 1],
  [share, '0,5', '0,5'],
  [share, '2 s', '2 s'],
  [share, 'Infinity', 'Infinity'],
])('%# %s is %j', (field, text, value) => expect(typedNumber(field, text)).toBe(value));

test('what is wrong with it, in words', () => {
  expect(wrongNumber(share, 0)).toBe('This must be above 0 and at most 1.');
  expect(wrongNumber(share, '0,5')).toBe('Write the fraction with a dot: 0.5.');
  expect(wrongNumber(share, 'much')).toBe('"much" is not a number.');
  expect(wrongNumber(time, 1.5)).toBe('This must be a whole number.');
  expect([wrongNumber(time, 1), wrongNumber(time, undefined)]).toEqual([undefined, undefined]);
});

test.each([
  [999, undefined],
  [2_500, '2.5 s'],
  [60_000, '1 min'],
  [5_400_000, '1 h 30 min'],
  [61_000, 'about 1 min'],
])('%d ms read %s', (ms, said) => expect(reading(time, ms)).toBe(said));
