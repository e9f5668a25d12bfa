/**
 * Says what a file is from its bytes, and what a model wants and gives.
 *
 * Guarantee: no name is looked at, nothing of the file is loaded or run, time and memory are bounded. A file
 * that begins like a format and then breaks its rules is a Failure that says where.
 */
import { Failure, type Inspection } from '@millrace/schemas';
import { lookInside } from './inside.js';
import { describeOnnx } from './onnx-support.js';
import { readOnnx } from './onnx.js';
import { beginsRuntime, inspectRuntime } from './runtime.js';
import { readSafetensors } from './safetensors.js';
import { bytesSource, fileSource, type ByteSource } from './source.js';
import { endsAsZip } from './zip.js';

/** Bytes within which a runtime's manifest names its kind. */
const HEAD = 64 * 1024;

export async function inspectFile(path: string): Promise<Inspection> {
  const source = await fileSource(path);
  try {
    return await inspect(source);
  } finally {
    await source.close();
  }
}

export function inspectBytes(bytes: Uint8Array): Promise<Inspection> {
  return inspect(bytesSource(bytes));
}

export async function inspect(source: ByteSource): Promise<Inspection> {
  const { format, inside, runsCode, entries } = await lookInside(source);
  const found = {
    format,
    bytes: source.size,
    runsCode,
    ...(inside.length > 0 && { inside }),
    ...(entries !== undefined && { entries }),
  };
  // Zip files are read from their end: whoever opens it as one finds what its beginning does not tell.
  if (format !== 'zip' && format !== 'torchscript' && !runsCode && (await endsAsZip(source)))
    throw new Failure(
      'catalogue.model-broken',
      `The file is ${format} by its beginning and a zip file by its end, so what it is depends on who opens it. Save it again as one of them.`,
    );
  if (format === 'onnx') return { ...found, ...(await inspectOnnx(source)) };
  if (format === 'safetensors') return { ...found, safetensors: await readSafetensors(source) };
  if (format === 'json' && beginsRuntime(await source.read(0, Math.min(HEAD, source.size))))
    return { ...found, ...(await inspectRuntime(source)) };
  return found;
}

async function inspectOnnx(source: ByteSource): Promise<Partial<Inspection>> {
  const { onnx, unsupported } = await describeOnnx(await readOnnx(source), source);
  return { onnx, ...(unsupported.length > 0 && { unsupported }) };
}
