/**
 * Lines into a file, in the order in which they were given.
 *
 * Guarantee: whole lines only, bounded memory. It writes synchronously: a run has nothing better to do, and
 * what waits is then never more than one buffer.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Failure } from '@millrace/schemas';

const BUFFER_BYTES = 256 * 1024;

export class LineFile {
  private readonly handle: number;
  private text = '';

  constructor(private readonly path: string) {
    this.handle = this.attempt(() => openSync(path, 'w'));
  }

  add(line: string): void {
    this.text += `${line}\n`;
    if (this.text.length >= BUFFER_BYTES) this.flush();
  }

  flush(): void {
    const bytes = Buffer.from(this.text);
    this.text = '';
    for (let from = 0; from < bytes.length;) {
      const start = from;
      from += this.attempt(() => writeSync(this.handle, bytes, start));
    }
  }

  close(): void {
    this.flush();
    closeSync(this.handle);
  }

  private attempt<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Failure(
        'engine.file-unwritable',
        `${this.path} cannot be written: ${why}. Name another file with --out.`,
        {
          cause,
        },
      );
    }
  }
}
