/**
 * May these bytes be a version of a resource, and what is its contract: from what was found in the file and
 * what the uploader said. Pure.
 */
import {
  checkModel,
  checkRuntime,
  checkScript,
  isOpaque,
  refuseCode,
  type ModelPolicy,
} from '@millrace/inference';
import {
  Contract,
  Failure,
  type ContractOutput,
  type Inspection,
  type ModelPort,
  type OnnxInspection,
  type ProblemPlace,
  type ResourceKind,
} from '@millrace/schemas';

/** Throws a Failure when they may not. */
export function contractFor(
  kind: ResourceKind,
  inspection: Inspection,
  given: Contract | null,
  allowed: ModelPolicy,
): Contract | null {
  if (kind === 'model') checkModel(inspection, allowed);
  else refuseCode(inspection, allowed);
  if (kind === 'runtime') checkRuntime(inspection);
  if (kind === 'script') checkScript(inspection);
  if (kind === 'model' && isOpaque(inspection) && !given)
    throw new Failure(
      'catalogue.contract-missing',
      `The file is ${inspection.format}, which does not say what the model expects and gives. Push it with its contract: columns, outputs, and known answers if there are any.`,
    );
  const { onnx } = inspection;
  if (kind !== 'model' || !onnx) return given;
  const inferred = inferContract(onnx);
  if (!given) return inferred;
  assertFits(given, onnx);
  return { ...given, outputs: given.outputs.length > 0 ? given.outputs : (inferred?.outputs ?? []) };
}

/**
 * What an ONNX file says of itself. It names tensors and not columns, so columns are left to the uploader;
 * null when it says more than a contract can hold.
 */
export function inferContract(onnx: OnnxInspection): Contract | null {
  const parsed = Contract.safeParse({
    columns: [],
    outputs: onnx.outputs.flatMap(outputOf),
    golden: [],
    runtime: 'onnx',
  });
  return parsed.success ? parsed.data : null;
}

/** The first axis is the rows'. A file that does not say how many axes there are says nothing of lengths. */
function outputOf({ name, dtype, dims }: ModelPort): ContractOutput[] {
  if (dtype === undefined) return [];
  const shape = dims?.slice(1).map((length) => (typeof length === 'number' ? length : -1)) ?? [-1];
  return [{ name, dtype, ...(shape.length > 0 && { shape }) }];
}

function assertFits(given: Contract, onnx: OnnxInspection): void {
  const errors: ProblemPlace[] = [];
  const names = onnx.outputs.map((output) => output.name);
  given.outputs.forEach(({ name }, index) => {
    if (!names.includes(name))
      errors.push({
        pointer: `/contract/outputs/${index}/name`,
        field: name,
        detail: `The model has no output ${name}; it has ${names.slice(0, 10).join(', ')}.`,
      });
  });
  const [input, ...others] = onnx.inputs;
  const wide = input?.dims?.length === 2 && others.length === 0 ? input.dims[1] : undefined;
  if (given.columns.length > 0 && typeof wide === 'number' && wide !== given.columns.length)
    errors.push({
      pointer: '/contract/columns',
      detail: `The model takes ${wide} values a row, and the contract names ${given.columns.length} columns.`,
    });
  if (errors.length > 0)
    throw new Failure(
      'catalogue.contract-mismatch',
      `The contract does not fit the file. ${errors.map((error) => error.detail).join(' ')}`,
      { errors },
    );
}
