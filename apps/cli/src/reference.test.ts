import { readFile } from 'node:fs/promises';
import { millrace } from './program.js';
import { commandTable } from './reference.js';

describe('docs/command-line.md', () => {
  it('has every command with its options, and no other', async () => {
    const page = await readFile(new URL('../../../docs/command-line.md', import.meta.url), 'utf8');
    const squeezed = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
    const rows = (text: string) =>
      squeezed(text)
        .split('\n')
        .filter((line) => line.startsWith('| `millrace '));
    expect(rows(page)).toEqual(rows(commandTable(millrace())));
  });
});
