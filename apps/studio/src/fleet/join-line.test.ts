import { joinLine, left } from './join-line.js';

test('one line for a shell', () => {
  expect(joinLine('http://127.0.0.1:8080', 'mrj_a_b')).toBe(
    'npx millrace node join --url http://127.0.0.1:8080 --token mrj_a_b && npx millrace agent run',
  );
});

test('nothing in it can do more than it says', () => {
  expect(joinLine('http://a', 't', "x'; rm -rf ~")).toContain(`--name 'x'\\''; rm -rf ~' &&`);
});

test('how long a token still lives', () => {
  const at = (ms: number) => new Date(ms).toISOString();
  expect(left(at(3_552_000), 0)).toBe('59 min 12 s');
  expect(left(at(12_400), 0)).toBe('13 s');
  expect(left(at(7_260_000), 0)).toBe('2 h 1 min');
  expect(left(at(90_000_000), 0)).toBe('1 d 1 h');
  expect(left(at(1_000), 1_000)).toBeUndefined();
});
