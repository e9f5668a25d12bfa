/**
 * Interpreters for tests: those that the product finds, and a Python 2.7 that lies where a version manager keeps it,
 * since hardly a machine has one on its path.
 */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { askInterpreter, findInterpreter, type Interpreter } from '@millrace/inference';

export async function findPython2(): Promise<Interpreter | undefined> {
  const named = await findInterpreter('python', { named: 'python2' });
  if (named !== undefined) return named;
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  let found: string[] = [];
  try {
    found = readdirSync(versions).filter((name) => name.startsWith('2.7'));
  } catch {
    // No version manager.
  }
  return found.length === 0
    ? undefined
    : askInterpreter('python', join(versions, found[0]!, 'bin', 'python2.7'));
}
