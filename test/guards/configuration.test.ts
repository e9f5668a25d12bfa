/** The tables of variables in docs are those of the code. */
import { configurationTable as agentTable } from '../../apps/agent/src/config.js';
import { configurationTable } from '../../apps/director/src/platform/config.js';
import { read } from '../kit/sources.js';

const squeezed = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
/** The first table of a page. */
const tableOf = (page: string) => /(^\|.*\n)+/m.exec(squeezed(page))?.[0].trim();

it.each([
  ['docs/configuration.md', configurationTable()],
  ['docs/configuration-agent.md', agentTable()],
])('%s is the table of the code', (path, table) => {
  expect(tableOf(read(path))).toBe(squeezed(table));
  expect(tableOf(read(path).replace('MILLRACE_LOG_LEVEL', 'MILLRACE_LOG'))).not.toBe(squeezed(table));
});
