/** Questions to a person, on stderr; refused where nobody can answer. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from '../usage.js';

/** `hidden`: what is typed is not shown. `option` is named where nobody can be asked. */
export async function ask(
  question: string,
  option: string,
  { hidden = false, never = false }: { hidden?: boolean; never?: boolean } = {},
): Promise<string> {
  if (never || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`${option} is needed, since nobody can be asked here.`);
  }
  let silent = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!silent) process.stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = reader.question(`${question}: `);
    silent = hidden;
    return await answer;
  } finally {
    reader.close();
    if (hidden) process.stderr.write('\n');
  }
}
