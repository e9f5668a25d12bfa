/**
 * Lines into a file, in the order in which they were given.
 *
 * Guarantee: whole lines only, bounded memory. It writes synchronously: a run has nothing better to do, and
 * what waits is then never more than one buffer. What the file held before stays until the first line is
 * written, or the file closed: a run that does not come up destroys nothing.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { Failure } from '@millrace/schemas';

const BUFFER_BYTES = 256 * 1024;

export class LineFile {
  private readonly handle: number;
  private readonly isNew: boolean;
  private emptied = false;
  private text = '';

  constructor(private readonly path: string) {
    this.isNew = !existsSync(path);
    this.handle = this.attempt(() => openSync(path, 'a'));
  }

  add(line: string): void {
    this.text += `${line}\n`;
    if (this.text.length >= BUFFER_BYTES) this.flush();
  }

  flush(): void {
    if (this.text !== '') this.empty();
    const bytes = Buffer.from(this.text);
    this.text = '';
    for (let from = 0; from < bytes.length;) {
      const start = from;
      from += this.attempt(() => writeSync(this.handle, bytes, start));
    }
  }

  close(): void {
    this.flush();
    this.empty();
    closeSync(this.handle);
  }

  /** Closes it as if it had never been opened, when nothing has been written. */
  leave(): void {
    if (this.emptied || this.text !== '') return this.close();
    closeSync(this.handle);
    if (this.isNew) rmSync(this.path, { force: true });
  }

  /** Takes off what was there before; a pipe or a terminal has nothing before. */
  private empty(): void {
    if (this.emptied) return;
    this.emptied = true;
    if (fstatSync(this.handle).isFile()) this.attempt(() => ftruncateSync(this.handle));
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
