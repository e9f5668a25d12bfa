export { startDirector, type Director } from './director.js';
export { configurationTable, readConfig, Variables, type Config } from './platform/config.js';
export type { FirstAdmin } from './access/first-start.js';
