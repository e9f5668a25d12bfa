// Looks at one file as the director does, and says on stdout how long that took and what it held. From the build.
import { existsSync, readFileSync } from 'node:fs';
import { checkModel, inspectFile } from '../../libs/inference/dist/index.js';

const before = process.memoryUsage.rss();
const began = process.cpuUsage();
const code = await inspectFile(process.argv[2])
  .then((found) => checkModel(found, { allowPickle: false }))
  .then(
    () => 'taken',
    (error) => error.code ?? String(error),
  );
// Of the processor: a machine that does other things has nothing to say about it.
const { user, system } = process.cpuUsage(began);
const ms = Math.round((user + system) / 1_000);
const grownMb = Math.round(mostKib() / 1024 - before / 1024 ** 2);
console.log(JSON.stringify({ code, ms, grownMb }));

/** The most that was ever resident. What the system counts for a process begins with its parent's on Linux. */
function mostKib() {
  const status = '/proc/self/status';
  const own = existsSync(status) && /VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1];
  return own ? Number(own) : process.resourceUsage().maxRSS;
}
