/**
 * Runs a script for a flow: frames in on one descriptor, frames out on another, nothing but what Node.js has.
 * Started as `node runner.mjs IN OUT`; its session moves standard input and output to IN and OUT, and puts the log in
 * the place of standard output.
 *
 * Guarantee: what the script prints never reaches the protocol; each batch is answered once and in order, with as many
 * results as it has rows or with an error that carries the script's own stack. It ends when it is told bye, when its
 * input ends, and when what comes in is no frame.
 */
import { once } from 'node:events';
import { Socket } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROTOCOL = 1;
const [HELLO, READY, BATCH, RESULT, ERROR, PING, PONG, BYE] = [1, 2, 3, 4, 5, 6, 7, 8];
const PREFIX = 13;
const MOST = 256 * 1024 * 1024;
/** Of an error: enough to find the line, little enough for a report. */
const TRACE_LINES = 12;
const TRACE_CHARS = 4000;

class Garbage extends Error {}
/** What the script gave is not what it should; its message says it all. */
class Wrong extends Error {}

const [incoming = 0, outgoing = 1] = process.argv.slice(2).map(Number);
// Where nothing could move the descriptors.
if (outgoing === 1) process.stdout.write = process.stderr.write.bind(process.stderr);
const input = new Socket({ fd: incoming, readable: true, writable: false });
const output = new Socket({ fd: outgoing, readable: false, writable: true });
let parts;

/** Frames, one after the other, as {kind, id, header, body}. */
async function* frames() {
  let chunks = [];
  let size = 0;
  const whole = () => {
    if (chunks.length > 1) chunks = [Buffer.concat(chunks, size)];
    return chunks[0];
  };
  let wanted = PREFIX;
  for await (const chunk of input) {
    chunks.push(chunk);
    size += chunk.length;
    while (size >= wanted) {
      const bytes = whole();
      const length = bytes.readUInt32LE(0);
      const kind = bytes[4];
      const headerBytes = bytes.readUInt32LE(9);
      if (length < 9 || length + 4 > MOST || headerBytes > length - 9 || kind < HELLO || kind > BYE)
        throw new Garbage('it is no frame');
      wanted = length + 4;
      if (size < wanted) break;
      yield {
        kind,
        id: bytes.readUInt32LE(5),
        header: headerBytes === 0 ? {} : headerOf(bytes.toString('utf8', PREFIX, PREFIX + headerBytes)),
        body: bytes.subarray(PREFIX + headerBytes, wanted),
      };
      chunks = [bytes.subarray(wanted)];
      size -= wanted;
      wanted = PREFIX;
    }
  }
  if (size > 0) throw new Garbage('it ends in the middle of a frame');
}

function headerOf(json) {
  try {
    return JSON.parse(json);
  } catch {
    throw new Garbage('a header is no JSON');
  }
}

async function send(kind, id, header, body = Buffer.alloc(0)) {
  const json = header === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(header));
  const head = Buffer.allocUnsafe(PREFIX + json.length);
  head.writeUInt32LE(9 + json.length + body.length, 0);
  head[4] = kind;
  head.writeUInt32LE(id, 5);
  head.writeUInt32LE(json.length, 9);
  json.copy(head, PREFIX);
  const room = output.write(body.length === 0 ? head : Buffer.concat([head, body]));
  if (!room) await once(output, 'drain');
}

async function begin(hello) {
  if (hello.protocol !== PROTOCOL)
    throw new Wrong(`this runner speaks protocol ${PROTOCOL}, not ${hello.protocol}`);
  const script = await import(pathToFileURL(hello.entry).href);
  const { predict, load, ROWS = 'dicts' } = { ...script.default, ...script };
  if (typeof predict !== 'function') throw new Wrong('the script exports no function predict(rows)');
  if (ROWS !== 'dicts' && ROWS !== 'array')
    throw new Wrong(`ROWS is "dicts" or "array", not ${JSON.stringify(ROWS)}`);
  await load?.(contextOf(hello));
  parts = { hello, predict, asArray: ROWS === 'array', names: hello.columns.map(({ name }) => name) };
  return {
    protocol: PROTOCOL,
    language: 'javascript',
    version: process.versions.node,
    schema: hello.schema,
    memoryBytes: process.memoryUsage.rss(),
  };
}

function contextOf({ files, settings }) {
  return {
    settings,
    /** The local path of a file that the module's settings name. */
    path(name) {
      if (Object.hasOwn(files, name)) return files[name];
      throw new Error(
        `no file is called ${name}; there are ${Object.keys(files).sort().join(', ') || 'none'}`,
      );
    },
    log: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** The numbers of a body, in memory of their own, so that a script may change or keep them. */
function numbersOf(body) {
  const { dtype } = parts.hello;
  const bytes = new Uint8Array(body).buffer;
  return dtype === 'float32' ? new Float32Array(bytes) : new Float64Array(bytes);
}

function rowsOf({ rows, strings, steps = 1 }, body) {
  const { names, hello, asArray } = parts;
  const numeric = strings === undefined ? names : names.filter((_, k) => !Object.hasOwn(strings, k));
  const each = numeric.length * steps;
  const values = numbersOf(body);
  const count = rows ?? values.length / each;
  if (values.length !== count * each) throw new Wrong(`a batch of ${count} rows has ${body.length} bytes`);
  const width = numeric.length;
  return Array.from({ length: count }, (_, row) => {
    const own = values.subarray(row * each, (row + 1) * each);
    if (asArray && strings !== undefined)
      throw new Wrong('rows as an array hold numbers, and there are texts');
    if (hello.window !== undefined) {
      const matrix = Array.from({ length: steps }, (__, step) =>
        own.subarray(step * width, (step + 1) * width),
      );
      if (asArray) return matrix;
      return Object.fromEntries(numeric.map((name, k) => [name, matrix.map((one) => one[k])]));
    }
    if (asArray) return own;
    const record = {};
    for (let k = 0; k < width; k++) record[numeric[k]] = own[k];
    for (const at in strings) record[names[at]] = strings[at][row];
    return record;
  });
}

/** What predict gave, as the header and body of a result. */
function resultOf(answer, count) {
  const columns = columnsOf(answer, count);
  const fields = [];
  const vectors = [];
  const values = {};
  for (const name of parts.hello.outputs) {
    const column = columns[name];
    const width = widthOf(column);
    if (width === 0) values[name] = Array.from(column, plain);
    else {
      fields.push({ name, width });
      vectors.push(column);
    }
  }
  const total = fields.reduce((sum, { width }) => sum + width, 0);
  const body = new Float64Array(total * count);
  for (let row = 0, to = 0; row < count; row++) {
    vectors.forEach((column, k) => {
      if (fields[k].width === 1 && !isList(column[row])) body[to++] = column[row] ?? NaN;
      else for (const value of column[row]) body[to++] = value;
    });
  }
  const bare = Object.keys(values).length === 0 && total === fields.length && count > 0;
  return { header: bare ? undefined : { rows: count, fields, values }, body: Buffer.from(body.buffer) };
}

/** By the name of an output, a value a row. */
function columnsOf(answer, count) {
  const { outputs } = parts.hello;
  if (!isList(answer)) {
    if (answer === null || typeof answer !== 'object') throw new Wrong(`predict gave no list of results`);
    for (const name of outputs) {
      if (!Object.hasOwn(answer, name)) throw new Wrong(`predict gave no ${name}`);
      counted(answer[name], count);
    }
    return answer;
  }
  counted(answer, count);
  const isRecord = (row) => typeof row === 'object' && row !== null && !isList(row);
  const rows = Array.from(answer);
  if (!rows.some(isRecord))
    return Object.fromEntries(
      outputs.map((name) => [name, name === 'result' ? answer : rows.map(() => null)]),
    );
  const records = rows.map((row) => (isRecord(row) ? row : { result: row }));
  return Object.fromEntries(outputs.map((name) => [name, records.map((row) => row[name] ?? null)]));
}

function counted(column, count) {
  if (!isList(column)) throw new Wrong('predict gave no list of results');
  if (column.length !== count) throw new Wrong(`predict gave ${column.length} results for ${count} rows`);
}

const isList = (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);

/** Numbers a row, when each row has the same number of them and nothing else; else 0. */
function widthOf(column) {
  if (!Array.isArray(column)) return 1;
  if (column.every((value) => typeof value === 'number' || value === null || value === undefined)) return 1;
  const width = column[0]?.length;
  const vectors = column.every(
    (row) => isList(row) && row.length === width && Array.prototype.every.call(row, isNumber),
  );
  return vectors ? width : 0;
}

const isNumber = (value) => typeof value === 'number';

/** As JSON has it. */
function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (isList(value)) return Array.from(value, plain);
  throw new Wrong(
    `a result is of type ${typeof value}; a number, a text, a truth or a list of numbers can leave`,
  );
}

/** Message and stack of what the script threw, without the lines of this file and of Node.js. */
function trouble(error) {
  if (error instanceof Wrong) return { message: error.message };
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const own = basename(fileURLToPath(import.meta.url));
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const at = lines.filter(
    (line) => line.startsWith('    at ') && !line.includes(`/${own}`) && !line.includes('node:'),
  );
  const trace = [said, ...at.slice(0, TRACE_LINES)].join('\n').slice(0, TRACE_CHARS);
  return { message: said.slice(0, TRACE_CHARS), trace };
}

async function answer({ id, header, body }) {
  const rows = rowsOf(header, body);
  const given = rows.length === 0 ? [] : await parts.predict(rows);
  if (rows.length === 0) return send(RESULT, id, { rows: 0, fields: [], values: {} });
  const result = resultOf(given, rows.length);
  return send(RESULT, id, result.header, result.body);
}

async function serve() {
  for await (const frame of frames()) {
    const { kind, id, header } = frame;
    if (kind === BYE) return;
    try {
      if (kind === PING) await send(PONG, id);
      else if (kind === HELLO && parts === undefined) await send(READY, id, await begin(header));
      else if (kind === BATCH && parts !== undefined) await answer(frame);
      else throw new Garbage(`a frame of kind ${kind} has no place here`);
    } catch (error) {
      if (error instanceof Garbage) throw error;
      await send(ERROR, id, trouble(error));
    }
  }
}

let code = 0;
try {
  await serve();
} catch (error) {
  if (!(error instanceof Garbage)) throw error;
  await send(ERROR, 0, { message: `what came in is refused: ${error.message}` });
  code = 2;
}
output.end(() => process.exit(code));
