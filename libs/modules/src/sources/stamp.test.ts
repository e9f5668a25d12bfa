import { isTimezone, patternProblem, stampReader } from './stamp.js';

const utc = Date.UTC(2013, 11, 2, 21, 15, 0);

describe('timestamps', () => {
  const iso = stampReader({ format: 'iso' });
  it.each([
    ['2013-12-02 21:15:00', utc],
    ['2013-12-02T21:15:00', utc],
    ['2013-12-02T21:15', utc],
    [' 2013-12-02T21:15:00Z ', utc],
    ['2013-12-02T21:15:00.25Z', utc + 250],
    ['2013-12-02T21:15:00,123456+00:00', utc + 123.456],
    ['2013-12-02T23:15:00+02:00', utc],
    ['2013-12-02T16:45:00-0430', utc],
    ['2013-12-02T23:15:00+02', utc],
    ['2013-12-02', Date.UTC(2013, 11, 2)],
    ['2012-02-29', Date.UTC(2012, 1, 29)],
    ['1969-07-20T20:17:40Z', Date.UTC(1969, 6, 20, 20, 17, 40)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ])('reads %s', (text, t) => expect(iso(text)).toBe(t));

  it.each([
    '',
    'now',
    '2013-13-02',
    '2013-02-29',
    '2013-12-02T24:15:00',
    '2013-12-02T21:15:00 CET',
    '2013-12-0221:15',
    '2013-12-02T21:15:00.',
    '20131202T211500',
  ])('refuses "%s"', (text) => expect(iso(text)).toBeNaN());

  it('agrees with Date on days of four centuries', () => {
    for (let t = Date.UTC(1800, 0, 1); t < Date.UTC(2200, 0, 1); t += 86_400_000 * 13 + 7_654_321) {
      expect(iso(new Date(t).toISOString())).toBe(t);
    }
  });

  it('reads local times through summer time', () => {
    const berlin = stampReader({ format: 'iso', timezone: 'Europe/Berlin' });
    expect(berlin('2024-01-15 12:00:00')).toBe(Date.UTC(2024, 0, 15, 11));
    expect(berlin('2024-07-15 12:00:00')).toBe(Date.UTC(2024, 6, 15, 10));
    // Autumn: 02:30 comes twice, and its first pass is still summer time.
    expect(berlin('2024-10-27 01:59:00')).toBe(Date.UTC(2024, 9, 26, 23, 59));
    expect(berlin('2024-10-27 02:30:00')).toBe(Date.UTC(2024, 9, 27, 0, 30));
    expect(berlin('2024-10-27 03:00:00')).toBe(Date.UTC(2024, 9, 27, 2));
    // Spring: 02:30 does not exist, and is what it would have been.
    expect(berlin('2024-03-31 01:59:00')).toBe(Date.UTC(2024, 2, 31, 0, 59));
    expect(berlin('2024-03-31 02:30:00')).toBe(Date.UTC(2024, 2, 31, 1, 30));
    expect(berlin('2024-03-31 03:00:00')).toBe(Date.UTC(2024, 2, 31, 1));
    expect(berlin('2024-07-15T12:00:00Z')).toBe(Date.UTC(2024, 6, 15, 12));
    expect(stampReader({ format: 'iso', timezone: 'Asia/Kathmandu' })('2024-01-01 05:45:00')).toBe(
      Date.UTC(2024, 0, 1),
    );
    expect(stampReader({ format: 'iso', timezone: 'America/New_York' })('2024-01-01 05:00:00')).toBe(
      Date.UTC(2024, 0, 1, 10),
    );
  });

  it('reads numbers in every unit', () => {
    expect(stampReader({ format: 'epochMs' })('1700000000000.5')).toBe(1700000000000.5);
    expect(stampReader({ format: 'epochS' })('1.7e9')).toBe(1.7e12);
    expect(stampReader({ format: 'epochUs' })('112574307')).toBe(112574307 / 1000);
    expect(stampReader({ format: 'number', unitMs: 0.001 })('112574307')).toBe(112574307 / 1000);
    expect(stampReader({ format: 'number', unitMs: 1000 })('31')).toBe(31_000);
    expect(stampReader({ format: 'epochS' })('')).toBeNaN();
    expect(stampReader({ format: 'epochS' })('Infinity')).toBeNaN();
  });

  it('reads patterns', () => {
    const read = (pattern: string, text: string) => stampReader({ format: 'pattern', pattern })(text);
    expect(read('dd.MM.yyyy HH:mm:ss.SSS', '02.12.2013 21:15:00.250')).toBe(utc + 250);
    expect(read('M/d/yy h:mm a', '12/2/13 9:15 pm')).toBe(utc);
    expect(read('d MMM yyyy HH:mm XXX', '2 Dec 2013 22:15 +01:00')).toBe(utc);
    expect(read("yyyyMMdd'T'HHmmss", '20131202T211500')).toBe(utc);
    expect(read('dd.MM.yyyy', '31.02.2013')).toBeNaN();
    expect(read('dd.MM.yyyy', '2013-12-02')).toBeNaN();
    expect(patternProblem('HH:mm')).toContain('year');
    expect(patternProblem('d MMM yy')).toBeNull();
    expect(isTimezone('Mars/Olympus')).toBe(false);
  });
});
