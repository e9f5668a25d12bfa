// One line of figures: the error of the last estimate of each engine. Usage: node score.mjs [out.jsonl], the
// file that `millrace run --out` wrote.
import { readFileSync } from 'node:fs';
import { readOut } from '../out.mjs';

const truth = readFileSync(new URL('data/RUL_FD001.txt', import.meta.url), 'utf8')
  .trim()
  .split(/\s+/)
  .map(Number);
const computed = new Map(
  readFileSync(new URL('data/reference.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number)),
);

const last = new Map();
for (const line of readOut(process.argv[2], import.meta.url))
  if (line.sink === 'results') last.set(line.unit, line.rul);

const rmse = (error) =>
  Math.sqrt(truth.reduce((sum, life, i) => sum + error(life, last.get(i + 1)) ** 2, 0) / truth.length);
console.log(
  JSON.stringify({
    example: 'turbofan-life',
    engines: last.size,
    rmse: rmse((life, estimate) => estimate - life),
    rmseCapped125: rmse((life, estimate) => estimate - Math.min(life, 125)),
    largestDifference: Math.max(...[...computed].map(([unit, rul]) => Math.abs(last.get(unit) - rul))),
    reference: { engines: 100, rmse: 18.206, rmseCapped125: 17.226, largestDifference: 0.01 },
  }),
);
