// One line of figures: cells equal to the golden table, on its timestamps and columns. Usage: node score.mjs
// [out.jsonl], the file that `millrace run --out` wrote.
import { readFileSync } from 'node:fs';
import { readOut } from '../out.mjs';

const [head, ...golden] = readFileSync(new URL('data/golden_align_10hz.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(','));
const methods = { hold: 'hold', mean: 'mean', count: 'count', lin: 'linear' };
const columns = head.slice(1).map((name) => {
  const [, method, module] = /^(\w+):(\w+)\./.exec(name);
  return `${module}_${methods[method]}`;
});

/** An interpolation that had to hold is no interpolation: the golden table leaves it empty. */
const cell = (row, name) => (row.flag[name] === 'held' ? null : row[name]);
const close = (a, b) => Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

const rows = new Map(
  readOut(process.argv[2], import.meta.url)
    .filter((line) => line.sink === 'file' && line.gap === undefined)
    .map((line) => [Math.round(line.t * 1000), line]),
);
let equal = 0;
const differences = [];
for (const [t, ...wanted] of golden) {
  const row = rows.get(Number(t));
  columns.forEach((name, i) => {
    const have = row === undefined ? undefined : cell(row, name);
    const want = wanted[i] === '' ? null : Number(wanted[i]);
    if (want === null || typeof have !== 'number' ? have === want : close(have, want)) equal++;
    else differences.push({ t: Number(t), column: name, have, want });
  });
}
console.log(
  JSON.stringify({
    example: 'drone-align',
    rows: golden.length,
    cells: golden.length * columns.length,
    equal,
    differences: differences.slice(0, 3),
    reference: { rows: 684, cells: 13_680, equal: 13_680 },
  }),
);
