/**
 * `millrace run`: one flow, here, with no director.
 *
 * Guarantee: nothing is opened before the whole flow has passed its checks; Ctrl-C lets what was taken leave;
 * with `out` nothing outside is touched but that file, and that only when the run has come up.
 */
import { resolve } from 'node:path';
import { LineFile } from '@millrace/dataset';
import { FlowRun, type DirectorMessage } from '@millrace/engine';
import { kinds } from '@millrace/modules/kinds';
import { Failure } from '@millrace/schemas';
import { talk } from '../output/talk.js';
import { behavioursWith, modulesOf, writesDown } from './behaviours.js';
import { countersTable } from './counters.js';
import { inputsOf, readsFiles } from './inputs.js';
import { loadFlow } from './load.js';
import { surroundings } from './surroundings.js';
import { toldBy, toTheEnd } from './to-the-end.js';

export interface RunOptions {
  flow: string;
  sets: ReadonlyMap<string, string>;
  inputs: ReadonlyMap<string, string>;
  out?: string;
  resources?: string;
}

export async function runFlow(options: RunOptions): Promise<void> {
  const flow = await loadFlow(options.flow, options.sets);
  const { document, file } = flow;
  const inputs = inputsOf(document, options.inputs);
  const allows = notTheOut(options.out);
  [file, ...inputs.values()].forEach(allows);
  const silent = options.out === undefined ? [] : modulesOf(document, 'sink', 'act');
  const host = await surroundings(flow, {
    resources: options.resources,
    without: new Set([...inputs.keys(), ...silent]),
    allows,
    toDirector: options.out === undefined ? printed : undefined,
  });
  try {
    const out = options.out === undefined ? undefined : new LineFile(resolve(options.out));
    const replaced = readsFiles(document, inputs);
    if (out !== undefined) for (const id of silent) replaced.set(id, writesDown(out));
    let ended: 'not started' | 'failed' | 'done' = 'not started';
    let run: FlowRun | undefined;
    try {
      run = new FlowRun({
        document: host.document,
        kinds,
        behaviours: behavioursWith(replaced),
        log: toldBy,
        host,
      });
      await toTheEnd(run, () => (ended = 'failed'));
      ended = 'done';
    } finally {
      if (ended === 'done') out?.close();
      else out?.leave();
      if (run !== undefined && ended !== 'not started') talk(countersTable(run.counters()));
    }
  } finally {
    await host.close();
  }
}

/** Refuses the path that a command writes to, wherever its flow would read or write it too. */
export function notTheOut(out: string | undefined): (path: string) => string {
  const outPath = out === undefined ? undefined : resolve(out);
  return (path) => {
    if (path !== outPath) return path;
    throw new Failure('engine.file-unwritable', `--out ${out}: the run reads that file. Name another.`);
  };
}

/** What a director would get, as JSON lines on stdout. Resolves when the line is out, so a slow reader slows the flow. */
function printed(message: DirectorMessage): Promise<void> {
  const { module: sink } = message;
  const records =
    message.channel === 'result'
      ? message.records.map((record) => ({ sink, ...record }))
      : [
          {
            sink,
            t: message.t,
            alert: message.change,
            severity: message.severity,
            message: message.message,
            ...(message.key === null ? {} : { key: message.key }),
            ...message.values,
          },
        ];
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return new Promise((done, failed) =>
    process.stdout.write(text, (error) => (error ? failed(error) : done())),
  );
}
