/**
 * Recognises pickles by walking their opcodes, never by running them.
 *
 * Guarantee: errs towards calling something a pickle, since the answer decides whether a file may run code.
 * Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */

/** Opcodes without an argument, as ASCII. */
const plain = new Set(
  [...')(.012N]}adlobQetsuR\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98'].map(code),
);
/** Arguments that end with a newline: what each line must look like, so that text is not taken for opcodes. */
const name = /^[A-Za-z_][\w.]*$/;
const lines = new Map<number, RegExp[]>(
  Object.entries({
    F: [/^[-+.\deinfaEINFA]+$/],
    I: [/^-?\d+$/],
    L: [/^-?\d+L?$/],
    S: [/^(['"]).*\1$/],
    V: [/^/],
    P: [/^/],
    g: [/^\d+$/],
    p: [/^\d+$/],
    c: [name, name],
    i: [name, name],
  }).map(([c, patterns]) => [code(c), patterns]),
);
/** Arguments of a fixed number of bytes. */
const fixed = new Map<number, number>(
  Object.entries({
    K: 1,
    M: 2,
    J: 4,
    G: 8,
    h: 1,
    j: 4,
    q: 1,
    r: 4,
    '\x80': 1,
    '\x82': 1,
    '\x83': 2,
    '\x84': 4,
    '\x95': 8,
  }).map(([c, n]) => [code(c), n]),
);
/** Arguments that begin with their length, in as many bytes. */
const counted = new Map<number, number>(
  Object.entries({
    T: 4,
    U: 1,
    B: 4,
    C: 1,
    X: 4,
    '\x8a': 1,
    '\x8b': 4,
    '\x8c': 1,
    '\x8d': 8,
    '\x8e': 8,
    '\x96': 8,
  }).map(([c, n]) => [code(c), n]),
);

/** `head` is the beginning of a file, `whole` whether it is all of it. */
export function looksLikePickle(head: Uint8Array, whole: boolean): boolean {
  // Protocol 2 and newer say so in their first two bytes, and nothing else that is known does.
  if (head[0] === 0x80 && head[1] !== undefined && head[1] <= 5) return true;
  // Protocols 0 and 1 have no sign of their own: every byte must be an opcode, and one of them must look up
  // a class or remember a value, which Python's writers always do.
  let telling = false;
  for (let at = 0; ;) {
    const op = head[at];
    if (op === undefined) return telling && !whole;
    if (op === STOP) return telling;
    const next = skip(head, op, at + 1);
    if (next === undefined) return false;
    telling ||= 'cipq'.includes(String.fromCharCode(op));
    at = next;
  }
}

const STOP = 0x2e;

/** Joblib writes arrays between the opcodes, behind this class. */
export function mentionsJoblib(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, head.length).includes('joblib.numpy_pickle');
}

/** A NumPy file of objects holds a pickle behind its header. */
export function numpyWithObjects(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 4096)).toString('latin1');
  return /'descr':\s*[^}]*\|?O/.test(text.slice(0, text.indexOf('\n') + 1 || undefined));
}

/** Where the next opcode starts; undefined when this is none. An argument cut off by the window ends it. */
function skip(head: Uint8Array, op: number, at: number): number | undefined {
  if (plain.has(op)) return at;
  const width = fixed.get(op);
  if (width !== undefined) return at + width;
  const prefix = counted.get(op);
  if (prefix !== undefined) {
    let length = 0;
    for (let i = prefix - 1; i >= 0; i--) length = length * 256 + (head[at + i] ?? 0);
    return at + prefix + length;
  }
  const patterns = lines.get(op);
  if (!patterns) return undefined;
  let rest = at;
  for (const pattern of patterns) {
    const end = head.indexOf(0x0a, rest);
    if (end < 0) return head.length;
    if (!pattern.test(Buffer.from(head.subarray(rest, end)).toString('latin1'))) return undefined;
    rest = end + 1;
  }
  return rest;
}

function code(character: string): number {
  return character.charCodeAt(0);
}
