// Looks at one file as the director does, and says on stdout how long that took and what it held. From the build.
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
// The most that was ever resident, in KiB.
const grownMb = Math.round(process.resourceUsage().maxRSS / 1024 - before / 1024 ** 2);
console.log(JSON.stringify({ code, ms, grownMb }));
