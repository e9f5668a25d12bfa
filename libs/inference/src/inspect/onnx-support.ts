/**
 * What the runtime takes: from the skeleton of a model to its description, with every reason why it could
 * not be run here. The bounds are those of onnxruntime-node 1.30.0; `onnx-support.test.ts` holds them against it.
 */
import type { ModelPort, OnnxInspection, Unsupported } from '@millrace/schemas';
import { reach } from './expose.js';
import { elementDtype } from './onnx-types.js';
import { domainName, STANDARD, type OnnxSkeleton, type Port } from './onnx.js';
import type { ByteSource } from './source.js';
import { escapes } from './zip.js';
import { Failure } from '@millrace/schemas';

export const newest = {
  irVersion: 13,
  opsets: new Map([
    [STANDARD, 26],
    ['ai.onnx.ml', 5],
  ]),
  /** The runtime promises nothing below; much still works, so only the standard domain is held to it. */
  oldestOpset: 7,
} as const;

/** Operators of these domains are built into the runtime. */
const domains = new Set([STANDARD, 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc']);

export async function describeOnnx(
  model: OnnxSkeleton,
  source: ByteSource,
): Promise<{ onnx: OnnxInspection; unsupported: Unsupported[] }> {
  const inputs = model.inputs.filter((port) => !model.initializers.has(port.name)).map(describePort);
  const outputs = model.outputs.flatMap(
    (port) => reach(model, port)?.map((reached) => reached.port) ?? [describePort(port)],
  );
  const external = [...model.external].sort();
  const onnx: OnnxInspection = {
    irVersion: model.irVersion,
    producer: model.producer || undefined,
    producerVersion: model.producerVersion || undefined,
    modelVersion: model.modelVersion,
    opsets: [...model.opsets].map(([domain, version]) => ({ domain, version })),
    inputs,
    outputs,
    nodes: model.nodes,
    initializers: model.initializerCount,
    operators: [...model.operators].map(([key, count]) => {
      const at = key.indexOf(' ');
      return { domain: key.slice(0, at), name: key.slice(at + 1), count };
    }),
    external: external.length > 0 ? external : undefined,
    needs: model.locales.size > 0 ? [...model.locales].map((locale) => `locale ${locale}`) : undefined,
    metadata: Object.keys(model.metadata).length > 0 ? model.metadata : undefined,
  };
  return {
    onnx,
    unsupported: [
      ...versions(model),
      ...operators(model),
      ...ports(inputs, outputs),
      ...(await weights(external, source)),
    ],
  };
}

export function describePort(port: Port): ModelPort {
  const { kind, text, elem, dims } = port.type;
  return {
    name: port.name,
    type: text,
    dtype: kind === 'tensor' ? elementDtype(elem) : undefined,
    dims: kind === 'tensor' ? dims : undefined,
  };
}

function versions(model: OnnxSkeleton): Unsupported[] {
  const found: Unsupported[] = [];
  if (model.irVersion > newest.irVersion)
    found.push({
      reason: `IR version ${model.irVersion}; the runtime reads up to ${newest.irVersion}: export it with an older onnx package`,
      place: 'ir_version',
    });
  for (const [domain, version] of model.opsets) {
    const most = newest.opsets.get(domain);
    if (most !== undefined && version > most)
      found.push({
        reason: `opset ${version} of ${domain}; the runtime knows up to ${most}: export it with an older opset`,
        place: `opset_import ${domain}`,
      });
    const used = [...model.operators.keys()].some((key) => key.startsWith(`${STANDARD} `));
    if (domain === STANDARD && version < newest.oldestOpset && used)
      found.push({
        reason: `opset ${version}; the runtime takes ${newest.oldestOpset} and newer: export it with a newer opset`,
        place: `opset_import ${domain}`,
      });
  }
  return found;
}

function operators(model: OnnxSkeleton): Unsupported[] {
  const foreign = [...model.operators.keys()].filter((key) => {
    const domain = domainName(key.slice(0, key.indexOf(' ')));
    return !domains.has(domain) && !model.functionDomains.has(domain);
  });
  return [
    ...foreign.map((key) => ({
      reason: `the operator ${key.replace(' ', ':')} is not built into the runtime: export it with standard operators`,
      place: `operator ${key.replace(' ', ':')}`,
    })),
    ...model.batchwise.map((name) => ({
      reason: 'a recurrent layer with layout 1, which the runtime has no code for: export it with layout 0',
      place: `node ${name}`,
    })),
  ];
}

function ports(inputs: readonly ModelPort[], outputs: readonly ModelPort[]): Unsupported[] {
  const found = inputs
    .filter((port) => port.dtype === undefined)
    .map((port) => ({
      reason: `an input of type ${port.type}, which cannot be fed: export it with float32 tensors`,
      place: `input ${port.name}`,
    }));
  // A tensor of a type that the runtime's binding does not know makes it refuse the whole model.
  const nameless = outputs.filter((port) => port.dtype === undefined && !port.type.includes('('));
  const none = outputs.every((port) => port.dtype === undefined);
  for (const port of none ? outputs : nameless)
    found.push({
      reason: `an output of type ${port.type}, which cannot be read: export it with tensor outputs`,
      place: `output ${port.name}`,
    });
  if (outputs.length === 0) found.push({ reason: 'it has no outputs', place: 'graph' });
  return found;
}

async function weights(external: readonly string[], source: ByteSource): Promise<Unsupported[]> {
  const found: Unsupported[] = [];
  for (const file of external) {
    if (escapes(file))
      throw new Failure(
        'catalogue.path-escapes',
        `The model wants weights from "${file}", which leads out of its folder. Save the model with its weights beside it, or inside it.`,
      );
    if (!(await source.beside?.(file)))
      found.push({
        reason: `its weights lie in "${file}", which is not beside the model: save it as one file`,
        place: `external data ${file}`,
      });
  }
  return found;
}
