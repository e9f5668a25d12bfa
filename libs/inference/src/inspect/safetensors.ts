/**
 * Reads the header of a safetensors file: 8 bytes of length, then JSON that names each tensor, its type,
 * shape and place. https://huggingface.co/docs/safetensors/index
 *
 * Guarantee: the tensors fill the rest of the file exactly, without overlap or gap, as the format demands.
 */
import { Failure, type SafetensorsInspection } from '@millrace/schemas';
import { z } from 'zod';
import { limits } from './limits.js';
import type { ByteSource } from './source.js';

const bits: Record<string, number> = {
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F32: 32,
  I32: 32,
  U32: 32,
  F16: 16,
  BF16: 16,
  I16: 16,
  U16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  I8: 8,
  U8: 8,
  BOOL: 8,
  F6_E3M2: 6,
  F6_E2M3: 6,
  F4: 4,
};

const Entry = z.object({
  dtype: z.string().max(32),
  shape: z.array(z.number().int().min(0)).max(64),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});
const Metadata = z.record(z.string(), z.string());

/** Whether the first bytes can be those of a safetensors file. */
export function beginsSafetensors(head: Uint8Array, size: number): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false;
  const length = headerLength(head);
  // The format allows 100 MB; a longer one is some other file that happens to have a brace there.
  return length >= 2 && length <= 100_000_000 && (head[9] === 0x22 || head[9] === 0x7d || 8 + length <= size);
}

export async function readSafetensors(source: ByteSource): Promise<SafetensorsInspection> {
  const length = headerLength(await source.read(0, 8));
  if (length > limits.safetensorsHeader)
    throw tooComplex(`a header of ${length} bytes; ${limits.safetensorsHeader} are the most`);
  if (8 + length > source.size)
    throw broken(
      `the header should have ${length} bytes, but the file ends ${source.size - 8} bytes after its start`,
    );
  const text = new TextDecoder().decode(await source.read(8, length));
  if (nesting(text) > 4) throw tooComplex('a header nested deeper than 4');
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw broken(`the header is not JSON (${error instanceof Error ? error.message : 'unreadable'})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw broken('the header is not an object');

  const spans: [number, number, string][] = [];
  const dtypes = new Map<string, number>();
  let metadata: Record<string, string> | undefined;
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      const parsed = Metadata.safeParse(value);
      if (!parsed.success) throw broken('__metadata__ is not a map of strings');
      const kept = Object.entries(parsed.data).filter(([, text]) => text.length <= limits.metadataValue);
      metadata = Object.fromEntries(kept.slice(0, limits.metadata));
      continue;
    }
    if (spans.length === limits.tensors) throw tooComplex(`more than ${limits.tensors} tensors`);
    if (name.length > limits.name) throw tooComplex(`the name of a tensor of ${name.length} characters`);
    const entry = Entry.safeParse(value);
    if (!entry.success)
      throw broken(`the tensor "${name}" has no dtype, shape and data_offsets as it should`);
    const { dtype, shape, data_offsets } = entry.data;
    const [begin, end] = data_offsets;
    const width = bits[dtype];
    if (width === undefined) throw broken(`the tensor "${name}" is of the unknown type ${dtype}`);
    const bytes = (shape.reduce((product, n) => product * n, 1) * width) / 8;
    if (end - begin !== bytes)
      throw broken(`the tensor "${name}" should take ${bytes} bytes but is given ${end - begin}`);
    spans.push([begin, end, name]);
    dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + 1);
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [begin, end, name] of spans) {
    if (begin !== at) throw broken(`the tensor "${name}" starts at ${begin}, where ${at} was due`);
    at = end;
  }
  const bytes = source.size - 8 - length;
  if (at !== bytes) throw broken(`the tensors take ${at} bytes, but ${bytes} follow the header`);
  return {
    tensors: spans.length,
    bytes,
    dtypes: [...dtypes].map(([dtype, count]) => ({ dtype, count })),
    metadata,
  };
}

function headerLength(head: Uint8Array): number {
  return Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true));
}

/** Depth of braces and brackets outside of strings. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
    } else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

function broken(what: string): Failure {
  return new Failure(
    'catalogue.model-broken',
    `The safetensors file is damaged or cut off: ${what}. Upload it again, or save it again.`,
  );
}

function tooComplex(what: string): Failure {
  return new Failure(
    'catalogue.model-too-complex',
    `The safetensors file goes beyond a limit: ${what}. Save a smaller file.`,
  );
}
