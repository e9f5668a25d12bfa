/**
 * source.mqtt that reads a recording instead of a broker: the messages that a journal has, by the flow's own settings.
 *
 * Guarantee: records and arrivals are those of the flow that recorded, in the same batches, so that the flow gives
 * what it gave.
 */
import { BATCH_ROWS, type Batch, type Create, type Replay, type Source } from '@millrace/engine';
import { entriesOf } from '../../journal/entries.js';
import type { Entry } from '../../journal/entry.js';
import { MqttSource } from './behaviour.js';
import type { MqttSourceSettings } from './kind.js';

/** @param name how a person calls the file */
export function recordedMqtt(file: string, name: string): Create<MqttSourceSettings> {
  return (context) => {
    const source = new MqttSource(context);
    const replay = new RecordingReplay(source, context.id, file, name);
    return {
      replay,
      repeats: true,
      bind: () => source.bind(),
      save: () => replay.through,
      load: (state) => void (replay.through = state as number),
      close: () => replay.close(),
    } satisfies Source;
  };
}

class RecordingReplay implements Replay {
  readonly speed = Infinity;
  readonly live = false;
  /** Id of the last entry whose records were delivered. */
  through = 0;
  private readonly entries: AsyncGenerator<Entry>;
  /** The first entry of the next batch. */
  private next: Entry | undefined;
  private last = 0;

  constructor(
    private readonly source: MqttSource,
    private readonly module: string,
    file: string,
    name: string,
  ) {
    this.entries = entriesOf(file, name);
  }

  async read(): Promise<Batch | null> {
    this.next ??= await this.wanted();
    while (this.next !== undefined) {
      const together: Entry[] = [];
      const { at } = this.next;
      while (this.next?.at === at && together.length < BATCH_ROWS) {
        together.push(this.next);
        this.next = await this.wanted();
      }
      this.last = together.at(-1)!.id;
      const batch = this.source.read(together);
      if (batch.n > 0) return batch;
    }
    return null;
  }

  delivered(): void {
    this.through = this.last;
  }

  async close(): Promise<void> {
    await this.entries.return(undefined);
  }

  private async wanted(): Promise<Entry | undefined> {
    for (;;) {
      const { value, done } = await this.entries.next();
      if (done) return undefined;
      if (value.module === this.module && value.id > this.through) return value;
    }
  }
}
