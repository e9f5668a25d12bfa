import type { FlowDocument } from '@millrace/schemas';
import { z } from 'zod';
import {
  catalogueOf,
  checkFlowTest,
  defineKind,
  durationOf,
  momentOf,
  readFlowTest,
  type ModuleKind,
} from './index.js';

const kind = (type: string, outputs: string[], inputs: 'none' | 'many' = 'many'): ModuleKind =>
  defineKind({
    type,
    category: type.split('.')[0] as ModuleKind['category'],
    title: type,
    summary: type,
    docs: type,
    settings: z.object({}),
    inputs,
    outputs,
    example: { settings: {} },
    ...(inputs === 'none' ? { sharing: 'shared' as const } : {}),
  });
const kinds = catalogueOf([
  kind('source.in', ['out'], 'none'),
  kind('route.two', ['left', 'right']),
  kind('act.go', ['out', 'refused']),
  kind('sink.end', []),
]);
const flow: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'test' },
  modules: {
    sensors: { type: 'source.in' },
    way: { type: 'route.two', from: ['sensors'], onError: 'port' },
    stop: { type: 'act.go', from: ['way.left'] },
    out: { type: 'sink.end', from: ['way.right'] },
  },
};

const head = 'apiVersion: millrace/v1\nkind: FlowTest\nflow: ./flow.yaml\ncases:\n';
/** Lines are counted from the case's first, which is line 5 of the file. */
const problemsOf = (cases: string) => {
  const { test, problems, lineOf } = readFlowTest(head + cases);
  const found = test === undefined ? problems : checkFlowTest(test, flow, kinds);
  return found.map(({ line, pointer, detail }) => `${line ?? lineOf(pointer ?? '')}: ${detail}`);
};
const feeding = (feed: string, expect = '{ out: { none: true } }') =>
  problemsOf(`  - name: a\n    feed:\n      - ${feed}\n    expect: ${expect}\n`);

describe('a flow test', () => {
  it('is right when its flow has what it names', () => {
    const whole = `  - name: all words
    start: 2026-01-31T12:00:00Z
    tolerance: 0.001
    feed:
      - sensors: { t: 1000, x: 4.2 }
      - sensors: [{ x: 1 }, { t: '2026-01-31', x: null }]
        at: 2026-01-31 12:00:01
      - wait: 5s
      - { at: 9, wait: 1, sensors: { file: part.csv } }
      - end
    expect:
      way.left: [{ x: 4.2, absent: [y] }]
      way.error: { none: true }
      stop: { records: [], exactly: true }
      stop.refused: { count: 1 }
      out: { dropped: { late: 1 }, counted: { dup: 0 } }
`;
    expect(problemsOf(whole)).toEqual([]);
  });

  it.each([
    [
      'sensor: { t: 1 }',
      /^7: sensor is no module of the flow\. Did you mean "?sensors"?\?.*sources are sensors/,
    ],
    ['way: { t: 1 }', /^7: way is no source/],
    ['sensors: { t: soon }', /^7: "soon" is no time/],
    ['{ at: 25:00, sensors: {} }', /^7: "25:00" is no time/],
    ['wait: 5 days', /^7: "5 days" is no duration.*5s/],
    ['{}', /^7: The step does nothing/],
    ['end\n      - wait: 1s', /^7: Nothing can be fed after the end/],
    ['ending', /^7: .*feed\[0\]/],
    ['sensors: 5', /^7: .*"cases\[0\]\.feed\[0\]\.sensors" must be/],
  ])('a step `%s` is told with its line', (step, problem) => {
    expect(feeding(step)).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['{}', /^8: The case expects nothing/],
    ['{ ways: [] }', /^8: ways is no module of the flow\. Did you mean "?way/],
    ['{ way: [] }', /^8: way has no port out\. Name one of its ports: way\.left, way\.right, way\.error/],
    ['{ way.up: [] }', /^8: way has no port up\. It has way\.left/],
    ['{ out.x: [] }', /^8: out has no port x\. Nothing leaves it/],
    ['{ out: { exactly: true } }', /^8: out expects nothing/],
    ['{ out: { none: true, count: 1 } }', /^8: With none there are no records/],
    ['{ way.left: { dropped: { range: 1 } } }', /^8: Counters belong to the module.*under way/],
    ['{ out: { counts: 1 } }', /^8: .*knows no "counts"\. Did you mean "?count/],
    ['{ out: { count: 1.5 } }', /^8: .*count/],
  ])('an expectation `%s` is told with its line', (expectation, problem) => {
    expect(feeding('wait: 1s', expectation)).toEqual([expect.stringMatching(problem)]);
  });

  it('tells a word that it does not know, a missing one, a doubled name, and what is no YAML', () => {
    expect(problemsOf('  - nam: a\n    feed: [end]\n    expect: { out: [] }\n').join('\n')).toMatch(
      /5: .*knows no "nam".*\n?.*"cases\[0\]\.name" is missing|"cases\[0\]\.name" is missing[^]*knows no "nam"/,
    );
    const one = '  - { name: a, feed: [end], expect: { out: [] } }\n';
    expect(problemsOf(one + one)).toEqual(['6: There are two cases "a". Rename one.']);
    expect(problemsOf('  - {\n')).toEqual([expect.stringMatching(/^\d: The text cannot be read here/)]);
  });

  it('knows moments and durations', () => {
    expect(momentOf('1970-01-01 00:00:01.5')).toBe(1500);
    expect(momentOf('1970-01-01T01:00+01:00')).toBe(0);
    expect(momentOf('1.1.1970')).toBeNaN();
    expect([
      durationOf('1.5s'),
      durationOf('20 ms'),
      durationOf('2m'),
      durationOf('1h'),
      durationOf(7),
    ]).toEqual([1500, 20, 120_000, 3_600_000, 7]);
    expect(durationOf('-1s')).toBeNaN();
  });
});
