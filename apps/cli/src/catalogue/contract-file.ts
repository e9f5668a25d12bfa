/**
 * A contract that somebody wrote to a file, as the catalogue has it: JSON.
 *
 * Guarantee: it has the shape of a contract and is no larger than one may be, or the error names file and place.
 */
import { readFile, stat } from 'node:fs/promises';
import { Contract, CONTRACT_BYTES, Failure } from '@millrace/schemas';
import { unreadable } from '../output/errors.js';

export async function readContract(path: string): Promise<Contract> {
  const fail = (why: string) =>
    new Failure(
      'engine.contract-mismatch',
      `${path} is no contract: ${why}. Write it as the catalogue has it.`,
    );
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('engine.file-unreadable', `${path} cannot be read: ${unreadable(cause)}`, { cause });
  });
  if (found.size > CONTRACT_BYTES) throw fail(`it is longer than ${CONTRACT_BYTES} bytes`);
  let told: unknown;
  try {
    told = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw fail(String(error));
  }
  const { data, error } = Contract.safeParse(told);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw fail(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
