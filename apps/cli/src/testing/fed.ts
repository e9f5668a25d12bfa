/**
 * A source that a test feeds: records from the test's own lines, and rows of files.
 *
 * Guarantee: nothing outside is opened but those files; every batch arrives at the flow's own time; what a
 * record holds that no field can is counted as at any source.
 */
import {
  Batch,
  Merge,
  RecordReader,
  Schema,
  type Create,
  type ModuleContext,
  type Source,
} from '@millrace/engine';
import { momentOf, type FedRecord } from '@millrace/flow';

export class FedSource {
  private context!: ModuleContext;
  private reader!: RecordReader;
  private readonly batch = new Batch(new Schema());
  private readers: Source[] = [];

  /** @param files what reads each file that the test will feed, in order */
  constructor(private readonly files: readonly Create[]) {}

  readonly create: Create = (context: ModuleContext): Source => {
    this.context = context;
    this.reader = new RecordReader(this.batch.schema, (reason) => context.drop(reason));
    this.readers = this.files.map((create) => create(context as never) as Source);
    const outs = this.readers.flatMap((reader) => reader.bind!([])!);
    return {
      bind: () => [
        [this.batch.schema, ...outs.filter((_, i) => i % 2 === 0).flat()],
        outs.filter((_, i) => i % 2 === 1).flat(),
      ],
      async start() {},
      close: async () => {
        for (const reader of this.readers) await reader.close?.();
      },
    };
  };

  feed(record: FedRecord): void {
    const { batch, context } = this;
    batch.reset();
    const now = context.clock.wall();
    this.reader.append(batch, 't' in record ? momentOf(record.t) : now, record, 't');
    batch.arrival = now;
    context.emit(batch);
  }

  /** The next file, to be merged with those of other sources. */
  nextFile(): Parameters<typeof Merge.open>[0][number] {
    const reader = this.readers.shift()!;
    return {
      replay: reader.replay!,
      emit: (batch) => {
        batch.arrival = this.context.clock.wall();
        this.context.emit(batch);
      },
    };
  }

  end(): void {
    this.context.finished();
  }
}
