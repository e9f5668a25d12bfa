/**
 * The rules about what may be uploaded as which kind: from an inspection to nothing, or a Failure.
 */
import { Failure, type Inspection, type ResourceKind } from '@millrace/schemas';

export interface ModelPolicy {
  /**
   * Whether the organization allows models that are opaque: pickles, which run code when they are opened, and
   * whatever else is only understood by the worker that opens it.
   */
  allowPickle: boolean;
}

const ALLOW = 'have an admin allow it (`millrace organization set allow-pickle on`)';

/** Refuses whatever can run code, unless the organization allows it. For every kind of resource. */
export function refuseCode(inspection: Inspection, { allowPickle }: ModelPolicy): void {
  if (!inspection.runsCode || allowPickle) return;
  const { format, inside } = inspection;
  throw new Failure(
    'catalogue.pickle-not-allowed',
    `The file is ${inside ? `${format} with ${inside.join(', ')} inside` : format}, which can run any code when it is opened. Export the model to ONNX or safetensors, or ${ALLOW}.`,
  );
}

/** Whether only the worker that opens it knows what it is. */
export const isOpaque = ({ format }: Inspection): boolean => format !== 'onnx' && format !== 'safetensors';

/** Refuses what is no model, and an ONNX model that the runtime cannot run, each reason by name. */
export function checkModel(inspection: Inspection, policy: ModelPolicy): void {
  refuseCode(inspection, policy);
  const { unsupported } = inspection;
  if (isOpaque(inspection) && !policy.allowPickle)
    throw new Failure(
      'catalogue.not-a-model',
      `The file is no model that is known here: by its bytes it is ${said(inspection)}. Upload ONNX or safetensors, or ${ALLOW}.`,
    );
  if (inspection.format === 'onnx' && unsupported && unsupported.length > 0)
    throw new Failure(
      'catalogue.model-unsupported',
      `The model cannot be run: ${unsupported.map(({ reason }) => reason).join('; ')}.`,
      { errors: unsupported.map(({ reason, place }) => ({ field: place, detail: reason })) },
    );
}

/** Refuses what is no manifest, each place by name. */
export function checkRuntime(inspection: Inspection): void {
  if (inspection.runtime !== undefined) return;
  const { unsupported = [] } = inspection;
  const why =
    unsupported.length > 0
      ? unsupported.map(({ place, reason }) => `${place || 'the file'}: ${reason}`).join('; ')
      : `by its bytes it is ${said(inspection)}, and does not say "kind": "Runtime"`;
  throw new Failure(
    'catalogue.runtime-unfit',
    `The file is no manifest of a runtime: ${why}. \`millrace runtime lock\` writes one.`,
    { errors: unsupported.map(({ reason, place }) => ({ pointer: place, detail: reason })) },
  );
}

const packed: readonly string[] = ['zip', 'tar', 'gzip'];
const written: readonly string[] = ['text', 'json', 'csv'];

/** Refuses what is neither a source file nor a folder that was packed and read to its end. */
export function checkScript(inspection: Inspection): void {
  if (written.includes(inspection.format) || inspection.packed !== undefined) return;
  throw new Failure(
    'catalogue.script-unfit',
    `The file is no script: by its bytes it is ${said(inspection)}. Push a source file (UTF-8), or a folder packed as .zip, .tar or .tar.gz.`,
  );
}

/** Whether an inspection says enough to judge the file as one of this kind. */
export function judges(inspection: Inspection | null, kind: ResourceKind): inspection is Inspection {
  if (inspection === null) return false;
  return kind !== 'script' || !packed.includes(inspection.format) || inspection.packed !== undefined;
}

const said = ({ format, inside }: Inspection) =>
  `${format}${inside ? ` with ${inside.join(', ')} inside` : ''}`;
