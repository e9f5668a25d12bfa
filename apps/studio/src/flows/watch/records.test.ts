import { clock, csvOf } from './records.js';

it('writes records for a table program', () => {
  const records: Parameters<typeof csvOf>[0] = [
    { t: 1, a: 1.5, name: 'x "y", z', list: [1, null, 3], on: true },
    { t: 2, a: null, name: '=2+3' },
  ];
  expect(csvOf(records, ['a', 'name', 'list', 'on'])).toBe(
    't,a,name,list,on\r\n1,1.5,"x ""y"", z",1  3,true\r\n2,,\'=2+3,,\r\n',
  );
  expect(csvOf([], ['a,b'])).toBe('t,"a,b"\r\n');
});

it('says a time to the millisecond, with the date where it is another day', () => {
  const noon = new Date(2026, 2, 4, 12, 5, 7, 30);
  expect(clock(noon.getTime(), noon)).toBe('12:05:07.030');
  expect(clock(new Date(2025, 11, 31, 23, 0, 0, 1).getTime(), noon)).toBe('2025-12-31 23:00:00.001');
  expect(clock(NaN)).toBe('NaN');
});
