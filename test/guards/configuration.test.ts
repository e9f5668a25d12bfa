/** The tables of variables in docs are those of the code. */
import { configurationTable as agentTable } from '../../apps/agent/src/config.js';
import { configurationTable } from '../../apps/director/src/platform/config.js';
import { read } from '../kit/sources.js';

const squeezed = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
const tableOf = (page: string) =>
  squeezed(page)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');

it.each([
  ['docs/configuration.md', configurationTable()],
  ['docs/configuration-agent.md', agentTable()],
])('%s is the table of the code', (path, table) => {
  expect(tableOf(read(path))).toBe(squeezed(table));
  expect(tableOf(read(path).replace('MILLRACE_LOG_LEVEL', 'MILLRACE_LOG'))).not.toBe(squeezed(table));
});
