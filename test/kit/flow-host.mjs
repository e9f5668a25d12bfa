/**
 * The program of a flow's process for tests of the agent: the real host with modules that do on purpose what
 * real ones do by misfortune. Needs the build (`npx tsc -b apps/agent`), as every real process does.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { Batch, Schema } from '../../libs/engine/dist/index.js';
import { catalogueOf, defineKind } from '../../libs/flow/dist/index.js';
import { hostFlow } from '../../apps/agent/dist/index.js';
import { z } from 'zod';

const anything = (fields) => z.object(fields);
const docs = { title: 'For tests', summary: 'For tests.', docs: 'For tests.' };

/** Numbers that come every so often since `origin`, each once: like a session that a broker keeps. */
const counted = defineKind({
  ...docs,
  type: 'source.counted',
  category: 'source',
  settings: anything({
    everyMs: z.number(),
    origin: z.number(),
    only: z.number().optional(),
    sharing: z.string().optional(),
  }),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
  example: { settings: { everyMs: 10, origin: 0 } },
});

class Counted {
  position = 0;
  constructor(context) {
    this.context = context;
  }
  bind() {
    this.schema = new Schema(['number']);
    this.index = this.schema.index('number');
    return [[this.schema]];
  }
  save() {
    return { position: this.position };
  }
  load({ position }) {
    this.position = position;
  }
  async start() {
    const { everyMs, origin, only } = this.context.settings;
    this.timer = setInterval(() => {
      const due = Math.min(only ?? Infinity, Math.floor((Date.now() - origin) / everyMs));
      while (this.position < due) {
        const batch = new Batch(this.schema);
        for (let i = 0; i < 200 && this.position < due; i++) {
          batch.column(this.index).pushNumber(batch.row(Date.now()), ++this.position);
        }
        this.context.emit(batch);
      }
    }, 5);
  }
  async stop() {
    clearInterval(this.timer);
  }
}

/** Fails in a chosen way. */
const fails = defineKind({
  ...docs,
  type: 'map.fails',
  category: 'map',
  settings: anything({
    how: z.enum(['never', 'counts', 'throws', 'exits', 'at-start', 'hangs', 'on-file']),
    tag: z.string().optional(),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { how: 'never' } },
});

const failing = (context) => {
  const { how } = context.settings;
  if (how === 'at-start') throw new Error('cannot be made');
  return {
    process(batch) {
      if (how === 'counts') context.fault('a bad value', batch.n);
      if (how === 'throws') throw new Error('thrown by a module');
      if (how === 'exits') process.exit(7);
      if (how === 'hangs') for (;;);
      if (how === 'on-file' && existsSync(context.host.path('trip'))) process.exit(8);
      context.emit(batch);
    },
  };
};

/** Appends each number with a tag to a file. */
const list = defineKind({
  ...docs,
  type: 'sink.list',
  category: 'sink',
  settings: anything({ path: z.string(), tag: z.string() }),
  inputs: 'many',
  outputs: [],
  example: { settings: { path: 'list', tag: 'a' } },
});

const listing = (context) => {
  const path = context.host.path(context.settings.path);
  let index = 0;
  return {
    bind([input]) {
      index = input.schema.index('number');
    },
    process(batch) {
      let text = '';
      for (let row = 0; row < batch.n; row++) text += `${context.settings.tag} ${batch.value(row, index)}\n`;
      appendFileSync(path, text);
    },
  };
};

/** An alert for each record. */
const up = defineKind({
  ...docs,
  type: 'sink.up',
  category: 'sink',
  settings: anything({}),
  inputs: 'many',
  outputs: [],
  example: { settings: {} },
});

const upward = (context) => {
  let index = 0;
  const pending = new Set();
  return {
    bind([input]) {
      index = input.schema.index('number');
    },
    process(batch) {
      for (let row = 0; row < batch.n; row++) {
        const number = batch.value(row, index);
        const alert = { channel: 'alert', module: context.id, t: batch.t[row], key: null, change: 'raised' };
        const kept = context.host
          .toDirector({ ...alert, severity: 'high', message: `number ${number}`, values: { number } })
          .finally(() => pending.delete(kept));
        pending.add(kept);
        context.queued(pending.size);
      }
    },
    drain: () => Promise.all(pending).then(() => undefined),
  };
};

/** Reads a resource when it is made. */
const reads = defineKind({
  ...docs,
  type: 'map.reads',
  category: 'map',
  settings: anything({ model: z.string() }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { model: 'resource:model@1' } },
});

const reading = (context) => {
  const { path, folder, contract } = context.host.resource(context.settings.model);
  const { version } = context.host.flow;
  const told = JSON.stringify({ version, path, folder, contract });
  appendFileSync(`${context.host.workFolder}/read`, `${told}\n`);
  context.log('info', `reads ${path}`);
  return { process: (batch) => context.emit(batch) };
};

const modules = {
  kinds: catalogueOf([counted, fails, list, up, reads]),
  behaviours: new Map([
    ['source.counted', (context) => new Counted(context)],
    ['map.fails', failing],
    ['sink.list', listing],
    ['sink.up', upward],
    ['map.reads', reading],
  ]),
};
hostFlow({ modulesOf: () => modules });
