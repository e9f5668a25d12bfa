import { checkFlow, columnsOf, type PortColumns } from '@millrace/flow';
import type { PlainRecord } from '@millrace/engine';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kinds } from '../../kinds.js';
import { kind } from './kind.js';
import { conversion, measures, UNITS } from './units.js';

async function convert(
  settings: Record<string, unknown>,
  values: (PlainRecord[string] | undefined)[],
  batchRows = 256,
) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'map.convert', from: ['in'], settings: { field: 'v', ...settings } } },
    feed: { in: values.map((v, t): PlainRecord => (v === undefined ? { t, other: 1 } : { t, v })) },
    collect: ['x'],
    batchRows,
  });
  return { rows: records.x, values: records.x.map(({ v }) => v), ...counters.x };
}

/** From, to, what arrives, what leaves: NIST SP 811 appendix B, the SI brochure, and definitions. */
const KNOWN: [from: string, to: string, given: number, wanted: number][] = [
  ['degF', 'degC', 32, 0],
  ['degF', 'degC', -40, -40],
  ['degF', '°C', 212, 100],
  ['degC', 'K', 0, 273.15],
  ['K', 'degC', 273.15, 0],
  ['degC', 'degF', 37, 98.6],
  ['degR', 'K', 491.67, 273.15],
  ['°C', 'degC', 21.3, 21.3],
  ['psi', 'Pa', 1, 6894.757293168361],
  ['psi', 'bar', 100, 6.894757293168361],
  ['bar', 'psi', 1, 14.503773773020923],
  ['atm', 'Torr', 1, 760],
  ['mmHg', 'Pa', 1, 133.322387415],
  ['inHg', 'mmHg', 1, 25.4],
  ['inH2O', 'Pa', 1, 249.08891],
  ['in', 'mm', 1, 25.4],
  ['mil', 'um', 1, 25.4],
  ['gal/min', 'L/min', 1, 3.785411784],
  ['ft3/min', 'm3/h', 1, 1.69901079552],
  ['m3/h', 'L/s', 3.6, 1],
  ['rpm', 'rad/s', 60, 2 * Math.PI],
  ['rpm', 'rev/s', 3000, 50],
  ['deg', 'rad', 180, Math.PI],
  ['lbf.ft', 'N.m', 1, 1.3558179483314],
  ['lbf', 'N', 1, 4.4482216152605],
  ['lb', 'kg', 1, 0.45359237],
  ['hp', 'W', 1, 745.6998715822702],
  ['PS', 'W', 1, 735.49875],
  ['BTU', 'J', 1, 1055.05585262],
  ['kWh', 'MJ', 1, 3.6],
  ['mph', 'km/h', 1, 1.609344],
  ['kn', 'km/h', 1, 1.852],
  ['gn', 'm/s2', 1, 9.80665],
  ['in/s', 'mm/s', 1, 25.4],
  ['%', 'fraction', 55, 0.55],
  ['fraction', 'percent', 0.25, 25],
  ['MiB', 'B', 1, 1_048_576],
  ['lb/ft3', 'kg/m3', 1, 16.018463373960142],
];

describe('map.convert, units', () => {
  test.each(KNOWN)('%s to %s: %d is %d', async (from, to, given, wanted) => {
    const { values } = await convert({ unit: { from, to } }, [given]);
    expect(Math.abs((values[0] as number) - wanted)).toBeLessThanOrEqual(
      1e-14 * Math.max(1, Math.abs(wanted)),
    );
  });

  test('every unit has one meaning, and there and back is where it was', () => {
    expect(UNITS).toHaveLength(measures.flatMap(([, units]) => units).length);
    for (const [, units] of measures)
      for (const from of units)
        for (const to of units) {
          const [there, back] = [conversion(from, to)!, conversion(to, from)!];
          const apply = (x: number, line: typeof there) =>
            ((x - line.shift) / line.divisor) * line.factor + line.offset;
          const x = 12.34;
          // Sums with 491.67 lose three digits.
          expect(Math.abs(apply(apply(x, there), back) - x)).toBeLessThan(1e-12);
        }
    expect(conversion('mW', 'MW')!.factor / conversion('mW', 'MW')!.divisor).toBe(1e-9);
  });

  test('vectors too; nulls and other records pass, texts are counted', async () => {
    const { values, counted } = await convert({ unit: { from: 'degF', to: 'degC' } }, [
      [32, null, 212],
      null,
      undefined,
      'hot',
      50,
    ]);
    expect(values).toEqual([[0, null, 100], null, undefined, 'hot', 10]);
    expect(counted).toEqual({ text: 1 });
  });

  const problems = (settings: object, columns = {}) =>
    kind.check!(kind.settings.parse({ field: 'v', ...settings }), [columnsOf(columns)], () => undefined).map(
      ({ pointer, detail }) => [pointer, detail],
    );

  test('units must measure the same, and be those that arrive', () => {
    expect(problems({ unit: { from: 'bar', to: 'degC' } })[0][1]).toContain('bar is a pressure');
    expect(problems({})).toHaveLength(1);
    expect(problems({ unit: { from: 'bar', to: 'Pa' }, cast: 'number' })).toHaveLength(1);
    const toK = { unit: { from: 'degC', to: 'K' } };
    expect(problems(toK, { v: { type: 'number', unit: 'degF' } })[0][0]).toBe('/unit/from');
    expect(problems(toK, { v: { type: 'number', unit: '°C' } })).toEqual([]);
    expect(problems(toK, { v: { type: 'number', unit: 'Grad' } })).toEqual([]);
    expect(problems(toK, { v: 'number' })).toEqual([]);
  });

  test('an unknown unit does not pass the check', () => {
    const [problem] = checkFlow(
      {
        apiVersion: 'millrace/v1',
        kind: 'Flow',
        metadata: { name: 'x' },
        modules: {
          in: {
            type: 'source.mqtt',
            settings: kinds.get('source.mqtt')!.example.settings as Record<string, unknown>,
          },
          x: {
            type: 'map.convert',
            from: ['in'],
            settings: { field: 'v', unit: { from: 'furlong', to: 'm' } },
          },
          end: { type: 'debug.tap', from: ['x'] },
        },
      },
      kinds,
    );
    expect(problem).toMatchObject({ module: 'x', pointer: expect.stringContaining('/unit/from') });
  });

  test('a pair of units that only shows when parameters are filled in stops the start', async () => {
    await expect(convert({ unit: { from: 'bar', to: 'm' } }, [1])).rejects.toMatchObject({
      code: 'flows.setting-invalid',
    });
  });

  test('what leaves has the new unit or type', () => {
    const columns = (settings: object, v: object) =>
      (
        kind.columns!(
          kind.settings.parse({ field: 'v', ...settings }),
          [columnsOf({ v: v as never })],
          () => undefined,
        ) as Exclude<ReturnType<NonNullable<typeof kind.columns>>, PortColumns>
      ).fields.get('v');
    expect(columns({ unit: { from: 'bar', to: 'Pa' } }, { type: 'number', unit: 'bar' })).toEqual({
      type: 'number',
      unit: 'Pa',
    });
    expect(columns({ cast: 'number' }, { type: 'string' })).toEqual({ type: 'number' });
    expect(columns({ cast: 'boolean' }, { type: 'number', unit: 'bar' })).toEqual({ type: 'boolean' });
    expect(columns({ cast: 'number' }, { type: 'vector', unit: 'bar' })).toMatchObject({ type: 'vector' });
  });
});

describe('map.convert, casts', () => {
  const given = [
    1.9,
    -1.9,
    -0.5,
    ' 4.2 ',
    '1e3',
    '1,5',
    '',
    '0x10',
    'on',
    true,
    false,
    null,
    NaN,
    undefined,
    [1.5, -2.5],
  ];

  test.each([
    [
      'number',
      [1.9, -1.9, -0.5, 4.2, 1000, null, null, null, null, 1, 0, null, null, undefined, [1.5, -2.5]],
      4,
    ],
    ['integer', [1, -1, 0, 4, 1000, null, null, null, null, 1, 0, null, null, undefined, [1, -2]], 5],
    [
      'string',
      [
        '1.9',
        '-1.9',
        '-0.5',
        ' 4.2 ',
        '1e3',
        '1,5',
        '',
        '0x10',
        'on',
        'true',
        'false',
        null,
        null,
        undefined,
        null,
      ],
      2,
    ],
    [
      'boolean',
      [true, true, true, null, null, null, null, null, true, true, false, null, null, undefined, null],
      7,
    ],
  ])('%s', async (to, wanted, lost) => {
    for (const batchRows of [1, 4, 256]) {
      const { values, dropped, counted } = await convert({ cast: to }, given, batchRows);
      expect(values).toEqual(wanted);
      expect([dropped, counted]).toEqual([{ uncastable: lost }, {}]);
    }
  });

  test('words for true and false, in any case', async () => {
    const { values } = await convert({ cast: 'boolean' }, ['TRUE', 'No', '1', ' off ', 'maybe', 0, 7]);
    expect(values).toEqual([true, false, true, false, null, false, true]);
  });

  test('a number that became text is a number again, to the last bit', async () => {
    const numbers = [0.1 + 0.2, 1e21, -1e-7, 5e-324, 1.7976931348623157e308, 123456789.123];
    const texts = (await convert({ cast: 'string' }, numbers)).values;
    expect(texts.every((text) => typeof text === 'string')).toBe(true);
    expect((await convert({ cast: 'number' }, texts)).values).toEqual(numbers);
  });

  test('another branch of the flow still sees what came in', async () => {
    const { records } = await runRecords({
      modules: {
        x: { type: 'map.convert', from: ['in'], settings: { field: 'v', cast: 'string' } },
        y: { type: 'map.set', from: ['in'], settings: { set: { w: 'v * 2' } } },
      },
      feed: { in: [{ t: 1, v: 2 }] },
      collect: ['x', 'y'],
    });
    expect([records.x, records.y]).toEqual([[{ t: 1, v: '2' }], [{ t: 1, v: 2, w: 4 }]]);
  });
});
