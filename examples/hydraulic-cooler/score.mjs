// One line of figures: verdicts against the cooler's real state and against the reference's own, and when the
// alert came. Usage: node score.mjs [out.jsonl], the file that `millrace run --out` wrote.
import { readFileSync } from 'node:fs';
import { readOut } from '../out.mjs';

const reference = readFileSync(new URL('data/reference.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map(([cycle, label, p, cooler]) => ({ cycle: Number(cycle), label, p: Number(p), cooler }));

const lines = readOut(process.argv[2], import.meta.url);
const verdicts = lines.filter((line) => line.sink === 'verdicts');
const raised = lines.filter((line) => line.sink === 'alerts' && line.alert === 'raised');
const at = new Map(verdicts.map((line) => [line.cycle, line]));
const share = (holds) => reference.filter(holds).length / reference.length;

console.log(
  JSON.stringify({
    example: 'hydraulic-cooler',
    cycles: verdicts.length,
    accuracy: share(({ cycle, cooler }) => at.get(cycle)?.condition === cooler),
    sameAsReference: share(({ cycle, label }) => at.get(cycle)?.condition === label),
    largestDifference: Math.max(
      ...reference.map(({ cycle, p }) => Math.abs((at.get(cycle)?.p_failing ?? NaN) - p)),
    ),
    alerts: raised.length,
    alertAtCycle: raised[0]?.cycle ?? null,
    firstFailingCycle: reference.find(({ cooler }) => cooler === 'failing').cycle,
    reference: { cycles: reference.length, accuracy: 0.994, largestDifference: 1e-5 },
  }),
);
