import { readFileSync } from 'node:fs';
import { Aligner, BAD, NULLED, VALUE, type AlignerRules } from './aligner.js';
import type { Cell } from './cell.js';
import type { Method } from './settings.js';

interface Case {
  id: number;
  title: string;
  cfg: Record<string, unknown> & { periodMs: number };
  feed: string;
  expect: string[];
  counters: Record<string, number>;
}
const cases = JSON.parse(
  readFileSync(new URL('../../../../../test/fixtures/align/cases.json', import.meta.url), 'utf8'),
) as Case[];

/** Milliseconds to microseconds; what is not limited stays so. */
const us = (value: unknown, otherwise: number) =>
  value === undefined ? otherwise : (value as number) * 1000;

function rulesOf({ cfg }: Case): AlignerRules {
  const own = (name: string) => (cfg[name] ?? {}) as Record<string, unknown>;
  return {
    period: cfg.periodMs * 1000,
    origin: us(cfg.O, 0),
    master: cfg.grid === undefined ? -1 : ['a', 'b'].indexOf(cfg.grid as string),
    watermark: (cfg.wm ?? 'max') as AlignerRules['watermark'],
    wait: 1,
    idle: us(cfg.idle, 0),
    futureSkew: us(cfg.skew, Infinity),
    late: (cfg.late ?? 'forward') as AlignerRules['late'],
    horizon: 5,
    start: (cfg.start ?? 'required') as AlignerRules['start'],
    startTimeout: us(cfg.startTimeout, Infinity),
    emit: (cfg.emit ?? 'always') as AlignerRules['emit'],
    maxFill: (cfg.maxFill ?? 60) as number,
    backfill: us(cfg.backfill, Infinity),
    nullsSet: cfg.nulls === 'set',
    maxSamples: 10_000,
    columns: ['a', 'b'].map((name) => ({
      method: (own(name).method ?? 'hold') as Method,
      maxAge: us(own(name).maxAge, Infinity),
      fallback: (own(name).default ?? NaN) as number,
      circular: (own(name).circular ?? 0) as number,
      closedLeft: false,
      required: (own(name).required ?? true) as boolean,
      lateness: us(cfg.D, 0),
    })),
  };
}

const letters = 'FRSMIENAD';
const shown = (cell: Cell) =>
  Number.isNaN(cell.value) ? 'null' : String(Math.round(cell.value * 1e6) / 1e6);

/** Runs a case; with `cutAt` it is saved and restored before that step of the feed. */
function play(test: Case, cutAt = -1) {
  const lines: string[] = [];
  const counters: Record<string, number> = {};
  const rules = rulesOf(test);
  const shift = test.cfg.label === 'start' ? rules.period : 0;
  const make = () =>
    new Aligner(rules, {
      row({ t, cells, revision, backfill }) {
        const values = cells.map(shown).join(',');
        const flags = cells.map(({ flag }) => letters[flag]).join('');
        const marks = (revision ? ` rev${revision}` : '') + (backfill ? ' bf' : '');
        lines.push(`${(t - shift) / 1000}: ${values} ${flags}${marks}`);
      },
      gap(from, to, rows) {
        lines.push(`GAP ${(from - shift) / 1000}..${(to - shift) / 1000} (${rows} rows)`);
      },
      count: (what) => (counters[what] = (counters[what] ?? 0) + 1),
      late: () => {},
    });
  let aligner = make();
  let now = -Infinity;
  test.feed.split(' ').forEach((word, step) => {
    if (step === cutAt) {
      const state = structuredClone(aligner.save(now));
      aligner = make();
      aligner.load(state, now);
    }
    if (word === 'END') {
      aligner.end(now, now);
      return;
    }
    if (word.startsWith('T')) {
      now = Math.max(now, Number(word.slice(1)) * 1000);
      aligner.tick(now, now);
      return;
    }
    const [, column, ts, text, arrival] = /^(\w)@(-?\d+)=([^!]+)(?:!(\d+))?$/.exec(word)!;
    const time = Number(ts) * 1000;
    now = Math.max(now, arrival === undefined ? time : Number(arrival) * 1000);
    const value = text === 'null' ? NaN : Number(text);
    aligner.add(
      column === 'a' ? 0 : 1,
      time,
      value,
      text === 'null' ? NULLED : text === 'NaN' ? BAD : VALUE,
      now,
      now,
    );
    aligner.advance(now, now);
  });
  return { lines, counters };
}

test('there are 50 cases', () => expect(cases).toHaveLength(50));

test.each(cases.map((one) => [`${one.id}. ${one.title}`, one] as const))('%s', (_title, one) => {
  const { lines, counters } = play(one);
  expect(lines).toEqual(one.expect);
  expect(counters).toMatchObject(one.counters);
});

test.each(cases.map((one) => [one.id, one] as const))(
  'case %i cut anywhere, saved and restored, gives the same rows',
  (_id, one) => {
    const uncut = play(one).lines;
    for (let step = 1; step < one.feed.split(' ').length; step++)
      expect(play(one, step).lines).toEqual(uncut);
  },
);

/** What the fifty leave open: samples that end a hole, or come before the start, in the middle of a period. */
const own: Case[] = [
  {
    id: 101,
    title: 'a hole that ends in the middle of a period is a gap up to that period',
    cfg: { periodMs: 1000, maxFill: 2 },
    feed: 'a@1000=1 b@1000=10 a@10500=2 a@11001=3',
    expect: ['1000: 1,10 FF', '2000: 1,10 RR', '3000: 1,10 RR', 'GAP 4000..10000 (7 rows)', '11000: 2,10 FR'],
    counters: {},
  },
  {
    id: 102,
    title: 'the mean of a period before the start is repeated',
    cfg: { periodMs: 1000, a: { method: 'mean' } },
    feed: 'a@300=2 a@700=4 b@1500=10 b@2001=11',
    expect: ['2000: 3,10 RF'],
    counters: {},
  },
];

test.each(own.map((one) => [one.title, one] as const))('%s', (_title, one) => {
  expect(play(one).lines).toEqual(one.expect);
});
