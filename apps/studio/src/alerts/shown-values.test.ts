import { fieldsOf, mainValue, shownValue, valuesOf } from './shown-values.js';

test('what the message names comes first, what stands still last, what is empty not at all', () => {
  const signal = { t: [1, 2], fields: { still: [1, 1], moves: [1, 2], none: [null, null], p: [0, null] } };
  expect(fieldsOf(signal, 'p is too high')).toEqual(['p', 'moves', 'still']);
});

test('the value of an alert is the one of its message', () => {
  const values = {
    to: 1_795_418_620_400,
    count: 60,
    TS1_std: 0.3,
    TS1_mean: 48.2709,
    p_failing: 0.9600001,
    condition: 'failing',
  };
  expect(mainValue({ values, message: 'The cooler is failing (p = 0.96, TS1 48.2709)' })).toEqual({
    name: 'p_failing',
    value: 0.9600001,
  });
  expect(mainValue({ values, message: 'TS1_std is too high' })?.name).toBe('TS1_std');
  expect(mainValue({ values, message: 'look' })?.name).toBe('TS1_std');
  expect(mainValue({ values: { condition: 'bad' }, message: 'bad' })).toBeUndefined();
});

test('a time is written as one, a number as one', () => {
  expect(shownValue(1_795_418_620_400)).toMatch(/:/);
  expect(shownValue(48.27095)).toBe('48.271');
});

test('the main value first, the frame of the window last', () => {
  const values = { to: 2, count: 60, TS1: 48.3, p: 0.96 };
  expect(valuesOf({ values, message: 'p is 0.96' }).map(([name]) => name)).toEqual([
    'p',
    'TS1',
    'to',
    'count',
  ]);
});
