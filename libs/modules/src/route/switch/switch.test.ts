import { checkFlow } from '@millrace/flow';
import { runRecords } from '../../../../../test/kit/flow.js';
import { kinds } from '../../kinds.js';

const PORTS = ['x.case1', 'x.case2', 'x.case3', 'x.otherwise'];
const feed = [5, 50, null, 95, 'hot', 61, 80].map((v, i) => ({ t: i, v }));

async function switched(settings: object, batchRows = 256) {
  const { records, counters } = await runRecords({
    modules: { x: { type: 'route.switch', from: ['in'], settings: { ...settings } } },
    feed: { in: [...feed, { t: 7, other: 1 }] },
    collect: PORTS,
    batchRows,
  });
  return {
    ports: PORTS.map((port) => records[port].map(({ t }) => t)),
    counted: counters.x.counted,
    out: counters.x.out,
  };
}

describe('route.switch', () => {
  const cases = ['v > 80', 'v > 60'];

  it.each([1, 3, 256])(
    'sends a record by the first case that is true, else otherwise (batches of %i)',
    async (n) => {
      const { ports, counted } = await switched({ cases }, n);
      expect(ports).toEqual([[3], [5, 6], [], [0, 1, 2, 4, 7]]);
      expect(counted).toEqual({ case1: 1, case2: 2, otherwise: 5 });
    },
  );

  it('sends it by every case that is true', async () => {
    const { ports, out } = await switched({ cases, match: 'all' });
    expect(ports).toEqual([[3], [3, 5, 6], [], [0, 1, 2, 4, 7]]);
    expect(out).toBe(9);
  });

  it('leaves the fields of a branch alone when another changes its own', async () => {
    const { records } = await runRecords({
      modules: {
        x: { type: 'route.switch', from: ['in'], settings: { cases: ['v < 90', 'v < 100'], match: 'all' } },
        change: { type: 'map.set', from: ['x.case1'], settings: { set: { v: 'v * 2' } } },
      },
      feed: {
        in: [
          { t: 0, v: 5 },
          { t: 1, v: 95 },
        ],
      },
      collect: ['change', 'x.case2'],
    });
    expect(records).toEqual({
      change: [{ t: 0, v: 10 }],
      'x.case2': [
        { t: 0, v: 5 },
        { t: 1, v: 95 },
      ],
    });
  });

  it('sends a hole by every port', async () => {
    const align = {
      grid: { periodMs: 1 },
      maxFillRows: 1,
      columns: [{ name: 'v', method: 'hold', maxAgeMs: 9 }],
    };
    const { records } = await runRecords({
      modules: {
        rows: { type: 'align.rows', from: ['in'], settings: align },
        x: { type: 'route.switch', from: ['rows'], settings: { cases: ['v > 1'] } },
      },
      feed: {
        in: [
          { t: 0, v: 1 },
          { t: 50, v: 2 },
          { t: 51, v: 2 },
        ],
      },
      collect: PORTS,
    });
    for (const port of PORTS) expect(records[port].filter(({ gap }) => gap !== undefined)).toHaveLength(1);
    expect(records['x.case1'].filter(({ gap }) => gap === undefined).map(({ t }) => t)).toEqual([50, 51]);
  });

  it('refuses an expression that can never be true', () => {
    const problems = checkFlow(
      {
        apiVersion: 'millrace/v1',
        kind: 'Flow',
        metadata: { name: 'a' },
        modules: {
          in: { type: 'source.simulator', settings: { signals: [{ name: 'v', shape: 'sine', hz: 1 }] } },
          x: { type: 'route.switch', from: ['in'], settings: { cases: ['v > 1', 'v + 1'] } },
          end: { type: 'debug.tap', from: ['x.case2'] },
        },
      },
      kinds,
    );
    expect(problems.map(({ pointer }) => pointer)).toEqual([expect.stringContaining('/cases/1')]);
  });
});
