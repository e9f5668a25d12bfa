/** What a model would see of a flow, as a table: for training, and for whoever asks what really reaches it. */
export { collected, type Collected } from './collected.js';
export { LineFile } from './lines.js';
export { partUntil, type Part } from './part.js';
export { FORMATS, saidOf, writeTable, type TableFormat } from './write.js';
export { Rows, type TableColumn, type Wanted } from './rows.js';
