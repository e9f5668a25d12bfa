/** `feature.residual`: what a model gave against what it was given. */
import { columnNamed, defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { z } from 'zod';

export const NORMS = ['l1', 'l2', 'max', 'mae', 'mse', 'rmse'] as const;

const docs = `
Adds how far two lists of numbers in one record lie apart: the reconstruction error of an autoencoder, between what
it was given and what it gave, or the error of a forecast against what came.

The values of \`inputs\`, in their order, are set against those of \`outputs\`, in theirs; a vector counts as its
numbers in a row, so three columns may be compared with one vector of three. With d the differences and n their
number:

| norm | is |
| --- | --- |
| \`l1\` | sum of sizes of d |
| \`l2\` | root of the sum of squares of d, numpy's \`linalg.norm\` |
| \`max\` | greatest size of d |
| \`mae\`, \`mse\`, \`rmse\` | l1 / n, sum of squares / n, its root |

- One missing value (a null, NaN, a text, a field that is not there) makes the result null; counted as
  \`incomplete\`. So does a different number of values on both sides; counted as \`unequal\`.
- A record that has none of \`inputs\`, or none of \`outputs\`, passes untouched.

Nothing is kept from record to record.
`;

export const kind = defineKind({
  type: 'feature.residual',
  category: 'feature',
  title: 'Residual',
  summary: 'How far what a model gave is from what it was given.',
  docs,
  settings: z.object({
    inputs: z
      .array(z.string().min(1))
      .min(1)
      .max(10_000)
      .describe('Fields that the model was given, numbers or vectors.'),
    outputs: z
      .array(z.string().min(1))
      .min(1)
      .max(10_000)
      .describe('Fields that the model gave, in the same order.'),
    norm: z.enum(NORMS).default('l2').describe('How the differences become one number.'),
    name: z.string().min(1).default('residual').describe('Name of the field that is added.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: {
      inputs: ['pressure', 'flow'],
      outputs: ['pressure_hat', 'flow_hat'],
      norm: 'rmse',
      name: 'score',
    },
  },
  reads: ({ inputs, outputs }) => [
    ...inputs.map((field, i) => ({ pointer: `/inputs/${i}`, field, types: ['number', 'vector'] as const })),
    ...outputs.map((field, i) => ({ pointer: `/outputs/${i}`, field, types: ['number', 'vector'] as const })),
  ],
  columns: ({ name }, inputs) => withColumns(mergeColumns(inputs), { [name]: 'number' }),
  check({ inputs, outputs, name }, wires) {
    const found: { pointer: string; detail: string }[] = [];
    if ([...inputs, ...outputs].includes(name))
      found.push({
        pointer: '/name',
        detail: `${name} is one of the fields that are read: give another name.`,
      });
    const incoming = mergeColumns(wires);
    const numbers = (names: string[]) =>
      names.every((field) => columnNamed(incoming, field)?.type === 'number') ? names.length : undefined;
    const given = numbers(inputs);
    const made = numbers(outputs);
    if (given !== undefined && made !== undefined && given !== made)
      found.push({
        pointer: '/outputs',
        detail: `${given} inputs cannot be compared with ${made} outputs: name as many.`,
      });
    return found;
  },
});
