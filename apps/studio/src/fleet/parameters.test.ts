import { typeOf, valueOf, withValue, wrongOf } from './parameters.js';

test('text becomes a value of the type', () => {
  expect(valueOf('number', ' 1.5 ')).toBe(1.5);
  expect(valueOf('integer', '3')).toBe(3);
  expect(valueOf('boolean', 'false')).toBe(false);
  expect(valueOf('string', ' a b ')).toBe(' a b ');
  expect(valueOf('secret', 's3')).toBe('s3');
  expect(valueOf('number', '  ')).toBeUndefined();
});

test('what does not fit is said', () => {
  expect(wrongOf('number', 'two')).toMatch(/number/);
  expect(wrongOf('integer', '1.5')).toMatch(/whole/);
  expect(wrongOf('boolean', 'yes')).toMatch(/true or false/);
  expect(wrongOf('integer', '')).toBeUndefined();
});

test('a value is set and taken away', () => {
  const one = withValue({}, 'cooler', 'speed', 10);
  expect(one).toEqual({ cooler: { speed: 10 } });
  expect(withValue(withValue(one, 'pump', 'live', true), 'cooler', 'speed', undefined)).toEqual({
    pump: { live: true },
  });
  expect(typeOf(true)).toBe('boolean');
});
