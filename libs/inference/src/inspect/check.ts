/**
 * The rules about what may be uploaded as a model: from an inspection to nothing, or a Failure.
 */
import { Failure, type Inspection } from '@millrace/schemas';

export interface ModelPolicy {
  /** Whether the organization allows files that run code when they are opened (pickles). */
  allowPickle: boolean;
}

/** Refuses whatever can run code, unless the organization allows it. For every kind of resource. */
export function refuseCode(inspection: Inspection, { allowPickle }: ModelPolicy): void {
  if (!inspection.runsCode || allowPickle) return;
  const { format, inside } = inspection;
  throw new Failure(
    'catalogue.pickle-not-allowed',
    `The file is ${inside ? `${format} with ${inside.join(', ')} inside` : format}, which can run any code when it is opened. Export the model to ONNX or safetensors, or have an admin allow pickles.`,
  );
}

/** Refuses what is no model, and an ONNX model that the runtime cannot run, each reason by name. */
export function checkModel(inspection: Inspection, policy: ModelPolicy): void {
  refuseCode(inspection, policy);
  const { format, runsCode, inside, unsupported } = inspection;
  if (format !== 'onnx' && format !== 'safetensors' && !runsCode)
    throw new Failure(
      'catalogue.not-a-model',
      `The file is no model that is known here: by its bytes it is ${format}${inside ? ` with ${inside.join(', ')} inside` : ''}. Upload ONNX or safetensors.`,
    );
  if (unsupported && unsupported.length > 0)
    throw new Failure(
      'catalogue.model-unsupported',
      `The model cannot be run: ${unsupported.map(({ reason }) => reason).join('; ')}.`,
      { errors: unsupported.map(({ reason, place }) => ({ field: place, detail: reason })) },
    );
}
