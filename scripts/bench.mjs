// npm run bench -- <name> [--json] [--pairs N]: one benchmark of spec/speed.md, as ratios measured side by side.
import { existsSync, readdirSync } from 'node:fs';

const [name, ...flags] = process.argv.slice(2);
const folder = new URL('../test/bench/', import.meta.url);
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -4));
if (name === undefined || !existsSync(new URL(`${name}.mjs`, folder))) {
  console.error(`usage: npm run bench -- <${known.join(' | ')}> [--json] [--pairs N]`);
  process.exit(2);
}
const at = flags.indexOf('--pairs');
const pairs = at < 0 ? 7 : Number(flags[at + 1]);
if (!Number.isInteger(pairs) || pairs < 1) {
  console.error('--pairs takes a whole number, at least 1');
  process.exit(2);
}
const { run } = await import(new URL(`${name}.mjs`, folder));
for (const line of await run({ pairs })) {
  if (flags.includes('--json')) console.log(JSON.stringify(line));
  else {
    const what = line.case ? `${line.name} (${line.case})` : line.name;
    console.log(
      `${what}: ${line.value} ${line.unit}, limit ${line.limit}, ratio ${line.ratio} (goal ${line.goal}, ${line.pairs} pairs)`,
    );
  }
}
// Threads of a benchmark that are still warm must not keep it from ending.
process.exit(0);
