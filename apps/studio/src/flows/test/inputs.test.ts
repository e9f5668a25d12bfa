import { refusedFile, requestOf, sourcesOf, timeIn, wanting } from './inputs.js';

const file = {
  id: 'f1',
  name: 'rig.csv',
  size: 10,
  columns: ['t', 'TS1'],
  expiresAt: '2030-01-01T00:00:00Z',
};
const modules = {
  made: { type: 'source.simulator' },
  kept: {
    type: 'source.csv',
    settings: { file: 'resource:rig@production', timestamp: { column: 'second' } },
  },
  chosen: { type: 'source.csv', settings: { file: '${file}' } },
  disk: { type: 'source.csv', settings: { file: '/data/rig.csv', timestamp: { column: 'when' } } },
  broker: { type: 'source.mqtt', settings: { topics: ['a'] } },
  rows: { type: 'align.rows', from: ['made'] },
  strange: { type: 'source.unheard' },
};
const sources = sourcesOf({ modules });

describe('the sources of a draft', () => {
  it('run as they are when they reach nothing outside', () => {
    expect(sources.map(({ id, asIs }) => [id, asIs])).toEqual([
      ['made', 'as it is set'],
      ['kept', 'resource:rig@production'],
      ['chosen', '${file}'],
      ['disk', undefined],
      ['broker', undefined],
    ]);
    expect(wanting(sources, {}).map(({ id }) => id)).toEqual(['disk', 'broker']);
    expect(wanting(sources, { broker: { file } }).map(({ id }) => id)).toEqual(['disk']);
  });

  it('find the time of a file where they look for it, else it is guessed', () => {
    const [, kept, , disk, broker] = sources;
    expect(timeIn(broker!, file)).toBeUndefined();
    expect(timeIn(broker!, file, 't,TS1\n1700000000000,1')).toBeUndefined();
    expect(timeIn(broker!, file, 't,TS1\r\n"2026-01-01T00:00:00Z",1')).toEqual({
      column: 't',
      format: 'iso',
    });
    expect(timeIn(disk!, { columns: ['when', 't'] }, 'when,t\n5,6')).toBeUndefined();
    expect(timeIn(kept!, { columns: ['a', 'Timestamp'] })).toEqual({ column: 'Timestamp', format: 'iso' });
    expect(timeIn(disk!, { columns: ['second', 'TS1'] }, 'second;TS1\n0;1')).toEqual({
      column: 'second',
      format: 'epochS',
    });
    expect(timeIn(broker!, { columns: ['a', 'time'] }, '{"a":1,"time":1700000000000000}\n')).toEqual({
      column: 'time',
      format: 'epochUs',
    });
    expect(timeIn(broker!, { columns: [] })).toBeUndefined();
  });
});

it('a file that is too large is refused with the limit and a way out', () => {
  expect(refusedFile('a.csv', 200_000_000, 67_108_864)).toMatch(
    /^a\.csv has 200 MB, and a test file may have at most 67\.1 MB\. Cut .* catalogue/,
  );
  expect(refusedFile('a.csv', 0, 100)).toMatch('empty');
  expect(refusedFile('a.csv', 100, 100)).toBeUndefined();
});

it('a request names only what was chosen', () => {
  const choice = { files: {}, parameters: {}, speed: undefined, seconds: 60 };
  expect(requestOf('x', sources, choice)).toEqual({ text: 'x', seconds: 60 });
  expect(
    requestOf('x', sources, {
      ...choice,
      // `gone` was a source of the draft before.
      files: { broker: { file, time: { column: 'when', format: 'iso' } }, gone: { file } },
      parameters: { live: false, empty: '', unset: undefined, speed: 0 },
      speed: 10,
    }),
  ).toEqual({
    text: 'x',
    seconds: 60,
    inputs: { broker: { file: 'f1', timestamp: { column: 'when', format: 'iso' } } },
    parameters: { live: false, speed: 0 },
    speed: 10,
  });
});
