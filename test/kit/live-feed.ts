/** A live source for tests: it says what it is handed, as one batch, at the moment it is handed it. */
import {
  Batch,
  RecordReader,
  Schema,
  type Create,
  type ModuleContext,
  type PlainRecord,
} from '@millrace/engine';
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { part, type Part } from './rig.js';

const kind = defineKind({
  type: 'source.feed',
  category: 'source',
  title: 'Feed',
  summary: 'Feed.',
  docs: '',
  settings: z.object({}),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
  example: { settings: {} },
});

/** One for a flow: `say` speaks for the run that was made last. */
export function liveFeed(): { part: Part; say(...records: PlainRecord[]): void } {
  let say: (records: PlainRecord[]) => void;
  const create: Create = (context: ModuleContext) => {
    const schema = new Schema();
    const batch = new Batch(schema);
    const reader = new RecordReader(schema);
    say = (records) => {
      batch.reset();
      for (const record of records) reader.append(batch, Number(record.t), record, 't');
      batch.arrival = context.clock.wall();
      context.emit(batch);
    };
    return { bind: () => [[schema]], start: async () => {} };
  };
  return { part: part(kind, create), say: (...records) => say(records) };
}
