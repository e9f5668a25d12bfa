/** `model.onnx`: a model over the records, in a thread of its own. */
import {
  columnNamed,
  defineKind,
  mergeColumns,
  typeOfDtype,
  unmetContract,
  withColumns,
  type Column,
  type Contracts,
} from '@millrace/flow';
import type { Contract } from '@millrace/schemas';
import { z } from 'zod';
import { queueSettings } from '../queue-settings.js';

const docs = `
Runs an ONNX model (onnxruntime, on the CPU, in a thread of its own) and adds what it gives to the record.

**In.** Each tensor of the model is fed from \`columns\`, one number a column in this order, or from \`window\`, the
name of one vector in the record, such as the \`matrix\` of \`align.window\`. The first axis is the records'; the
others follow from the model, and from \`shape\` where the model leaves several open. A boolean is 0 or 1; a tensor
of strings takes texts. A model with a fixed number of records (such as 1) is given that many.

**Out.** Each entry of \`outputs\` becomes a field: element \`index\` of the tensor's row, or that of the class
\`label\` (classifiers that were converted with their class names), or the only element; without either, more than
one element is a vector. Whole numbers, also those of 64 bits, become numbers; strings become texts, and truths true or false.

- **Batches.** An idle model gets what is there at once. While it works, records gather: up to \`batch.max\`, for
  \`batch.waitMs\` at the most. A file that is replayed at full speed goes in batches of 256 at least. Records leave
  in the order in which they came.
- **Incomplete.** A record without a value for an input (absent, null, NaN; in a window too) is not given to the
  model: \`skip\` drops it, \`port\` sends it out of the port \`incomplete\`, at once.
- **Errors.** A batch that fails or takes longer than \`timeoutMs\`, a text for a number, a vector of the wrong
  length, or a result that is NaN is an error of its records: they get the values of \`fallback\` and go on, or, without
  one, go where \`onError\` says. After five failures of the thread in ten minutes the flow stops.
- **Queue.** Records wait in the module's \`queue\`. With \`onBusy: drop\` those are dropped that come while the model
  is busy and a whole batch waits already.
- The model is loaded when the first record comes, or at once in a live flow; records wait for it. A model that
  cannot be loaded stops the flow.

Dropped, by reason: \`incomplete\`, \`busy\`, \`queue-full\`. Counted: \`fallback\`, \`batches\`.
`;

const name = z.string().min(1).max(256);

export const kind = defineKind({
  type: 'model.onnx',
  category: 'model',
  title: 'ONNX model',
  summary: 'Runs an ONNX model over the records and adds its outputs.',
  docs,
  settings: z.object({
    model: z.string().min(1).describe('The model: `resource:name@version`, or a path relative to the flow.'),
    inputs: z
      .array(
        z.strictObject({
          tensor: name.describe('Name of the input in the model.'),
          columns: z
            .array(name)
            .min(1)
            .max(10_000)
            .optional()
            .describe('Fields, in the order of the tensor.'),
          window: name.optional().describe('Field with a vector that is the whole tensor of a record.'),
          shape: z
            .array(z.number().int().min(1))
            .max(7)
            .optional()
            .describe('Axes behind that of the records, where the model does not say them.'),
        }),
      )
      .min(1)
      .max(256)
      .describe('What each input of the model is fed with; each has `columns` or `window`.'),
    outputs: z
      .array(
        z.strictObject({
          tensor: name.describe('Name of the output in the model.'),
          index: z.number().int().min(0).optional().describe('Which element of a record, from 0.'),
          label: z
            .union([z.string(), z.number()])
            .optional()
            .describe('Which class, where the model names them.'),
          as: name.describe('Field that takes it.'),
        }),
      )
      .min(1)
      .max(256)
      .describe('What is taken from the model, and under which name.'),
    ...queueSettings({ model: 'model', input: 'an input', timeoutMs: 1000 }),
    threads: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('Threads inside the runtime; 1 is best for small models.'),
  }),
  inputs: 'many',
  outputs: ['out', 'incomplete'],
  example: {
    settings: {
      model: 'resource:cooler-classifier@1',
      inputs: [{ tensor: 'X', columns: ['TS1_mean', 'TS1_std'] }],
      outputs: [
        { tensor: 'output_label', as: 'condition' },
        { tensor: 'output_probability', label: 'failing', as: 'p_failing' },
      ],
      fallback: { condition: 'unknown', p_failing: 0 },
    },
  },
  reads: ({ inputs }) =>
    inputs.flatMap(({ columns = [], window }, i) => [
      ...columns.map((field, k) => ({
        pointer: `/inputs/${i}/columns/${k}`,
        field,
        types: ['number', 'boolean', 'string'] as const,
      })),
      ...(window === undefined
        ? []
        : [{ pointer: `/inputs/${i}/window`, field: window, types: ['vector'] as const }]),
    ]),
  columns(settings, inputs, contracts) {
    const incoming = mergeColumns(inputs);
    const contract = contractOf(settings.model, contracts);
    const added = settings.outputs.map(({ tensor, index, label, as }): [string, Column] => {
      const output = contract?.outputs.find((one) => one.name === tensor);
      if (output === undefined) return [as, { type: 'unknown' }];
      const single = (output.shape ?? []).every((length) => length === 1);
      const type =
        index !== undefined || label !== undefined || single ? typeOfDtype(output.dtype) : 'vector';
      return [as, { type, ...(output.unit === undefined ? {} : { unit: output.unit }) }];
    });
    return { ports: { out: withColumns(incoming, added), incomplete: incoming } };
  },
  check(settings, inputs, contracts) {
    const found: { code?: string; pointer: string; detail: string; field?: string }[] = [];
    settings.inputs.forEach(({ columns, window }, i) => {
      if ((columns === undefined) === (window === undefined))
        found.push({
          pointer: `/inputs/${i}`,
          detail: 'an input is fed from one thing: set either columns or window.',
        });
    });
    settings.outputs.forEach(({ index, label }, i) => {
      if (index !== undefined && label !== undefined)
        found.push({
          pointer: `/outputs/${i}/label`,
          detail: 'index and label both choose an element: set one.',
        });
    });
    for (const field of Object.keys(settings.fallback ?? {})) {
      if (!settings.outputs.some(({ as }) => as === field))
        found.push({ pointer: `/fallback/${field}`, field, detail: `no output is called ${field}.` });
    }
    const contract = contractOf(settings.model, contracts);
    if (contract === undefined) return found;
    for (const problem of unmetContract(contract, mergeColumns(inputs), '/model', settings.model))
      if (isFedByColumns(settings, contract) || problem.field === undefined)
        found.push({ ...problem, pointer: problem.pointer ?? '/model' });
    settings.outputs.forEach(({ tensor }, i) => {
      if (contract.outputs.length > 0 && !contract.outputs.some((output) => output.name === tensor))
        found.push({
          code: 'flows.contract-unmet',
          pointer: `/outputs/${i}/tensor`,
          detail: `${settings.model} has no output ${tensor}; it has ${contract.outputs.map((o) => o.name).join(', ')}.`,
        });
    });
    // A window's length is known where it always is full.
    settings.inputs.forEach(({ window, shape }, i) => {
      const given = window === undefined ? undefined : columnNamed(mergeColumns(inputs), window)?.shape;
      if (given === undefined || shape === undefined) return;
      const length = (of: readonly number[]) => of.reduce((a, b) => a * b, 1);
      if (length(given) !== length(shape))
        found.push({
          pointer: `/inputs/${i}/shape`,
          detail: `the vector ${window} has ${given.join(' x ')} values, and shape wants ${shape.join(' x ')}.`,
        });
    });
    return found;
  },
});

function contractOf(model: string, contracts: Contracts): Contract | undefined {
  return contracts(model);
}

/** A contract names columns; a matrix has lost their names, so only what is said of the whole can be held. */
function isFedByColumns(settings: { inputs: { columns?: string[] }[] }, contract: Contract): boolean {
  const fed = new Set(settings.inputs.flatMap(({ columns = [] }) => columns));
  return (
    contract.columns.some(({ name }) => fed.has(name)) || settings.inputs.every(({ columns }) => columns)
  );
}
