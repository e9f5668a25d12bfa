/** The declaration of the models in other languages: one schema, one check, a few words a language. */
import {
  columnNamed,
  defineKind,
  mergeColumns,
  typeOfDtype,
  unmetContract,
  withColumns,
  type Column,
  type Columns,
  type Contracts,
  type ModuleKind,
} from '@millrace/flow';
import { ContractDtype, type Contract, type ProblemPlace } from '@millrace/schemas';
import { z } from 'zod';
import { queueSettings } from '../queue-settings.js';

export interface LanguageKind {
  type: string;
  title: string;
  summary: string;
  /** The language's own part of the docs: how a script is written. */
  docs: string;
  /** Settings that only this language has. */
  own: z.ZodRawShape;
  example: { settings: Record<string, unknown>; note?: string };
}

const name = z.string().min(1).max(256);
const MAX_CODE = 256 * 1024;

const common = `
**In.** The script gets each row as a value a name of \`columns\`: numbers as \`dtype\` says, a boolean as 0 or 1, texts as
texts. With \`window\` the field holds a matrix of rows by \`columns\`, such as that of \`align.window\`, and the script gets
a list of values a column.

**Out.** A result that is a dict gives its fields, a bare value is the field \`result\`. Name in \`outputs\` what is to be
taken, and as what; without it that is \`result\`. Numbers, texts, truths and lists of numbers can leave.

- **Golden vectors.** Where the model (or, without one, the script) has a contract with known answers, those go through the
  real worker on this machine before it counts as ready: numbers within their tolerance, labels exact.
- **Batches.** As in \`model.onnx\`: an idle worker gets what is there at once; while it works, records gather, up to
  \`batch.max\`, for \`batch.waitMs\` at the most. \`inFlight\` batches are with the worker at a time. Records leave in the
  order in which they came.
- **Errors.** What the script raises, a result too few, or one that is missing or no number is an error of those records:
  they get the values of \`fallback\` and go on, or, without one, go where \`onError\` says.
- **Health.** A worker that dies, hangs, takes longer than \`timeoutMs\` for a batch or passes a cap is ended with all its
  processes, and the records that it had in hand are errors. It is started again a little later each time, at most five
  times in ten minutes; until it may be again, records are errors at once, and log, last error and the counter
  \`degraded\` say so. A script that cannot even be started stops the flow before it begins.
- **Sandbox.** With bubblewrap on the machine a script has no network, sees no other processes, and can write only to a
  /tmp of its own; where there is none \`sandbox: auto\` goes on without, and \`required\` does not start. Of the
  environment it sees the path, the home folder and the language's own variables.
- What it prints is log: at most 20 lines a second, the rest is counted.

Dropped, by reason: \`incomplete\`, \`busy\`, \`queue-full\`. Counted: \`batches\`, \`fallback\`, \`restarts\`, \`degraded\`,
\`log-lines\` (that were left out).
`;

const shape = {
  model: z
    .string()
    .min(1)
    .optional()
    .describe('A file for the script, `context.path("model")`: `resource:name@version`, or a path.'),
  files: z
    .record(name, z.string().min(1))
    .optional()
    .describe('Further files by name, each a resource or a path; the script asks `context.path(name)`.'),
  script: z
    .string()
    .min(1)
    .optional()
    .describe('The script: `resource:name@version`, or the path of a file or folder.'),
  code: z.string().min(1).max(MAX_CODE).optional().describe('The script itself, in the place of `script`.'),
  runtime: z
    .string()
    .min(1)
    .optional()
    .describe('What it runs in: `resource:name@version` of a runtime, built on the node once.'),
  interpreter: z
    .string()
    .regex(/^[A-Za-z][\w.+-]{0,63}$/, 'a name such as python2, not a path')
    .optional()
    .describe('Another interpreter than the usual one, by the name that the node has for it.'),
  columns: z
    .array(name)
    .min(1)
    .max(10_000)
    .describe('Fields that the script gets; with `window`, what the columns of its matrix are called.'),
  dtype: z.enum(['float32', 'float64']).default('float64').describe('How numbers travel to the script.'),
  window: name.optional().describe('Field with a vector that is a matrix of rows by `columns`.'),
  outputs: z
    .array(
      z.strictObject({
        name: name.describe('Field of the result; `result` for a bare value.'),
        as: name.optional().describe('Field that takes it; the same when absent.'),
        dtype: ContractDtype.optional().describe('What it must be; what is something else is an error.'),
      }),
    )
    .min(1)
    .max(256)
    .default([{ name: 'result' }])
    .describe('What is taken from the results, and under which name.'),
  settings: z
    .record(
      name,
      z.union([
        z.number(),
        z.string(),
        z.boolean(),
        z.null(),
        z.array(z.union([z.number(), z.string(), z.boolean()])),
      ]),
    )
    .optional()
    .describe('Whatever the script wants to be told: `context.settings`.'),
  ...queueSettings({ model: 'worker', input: 'a column', timeoutMs: 10_000 }),
  inFlight: z.number().int().min(1).max(64).default(2).describe('Batches with the worker at a time.'),
  startMs: z
    .number()
    .int()
    .min(100)
    .max(600_000)
    .default(60_000)
    .describe('Longest that the script may take to be ready, in milliseconds.'),
  caps: z
    .strictObject({
      memoryMb: z
        .number()
        .int()
        .min(16)
        .optional()
        .describe('Most memory that all processes of the worker may use, in MiB.'),
      processes: z.number().int().min(1).optional().describe('Most processes of the worker.'),
    })
    .default({})
    .describe('What the worker may use; a worker that passes one is started again.'),
  sandbox: z
    .enum(['auto', 'required', 'off'])
    .default('auto')
    .describe('Whether the script is kept from network and files: where that works, always, or never.'),
};

type Settings = z.output<z.ZodObject<typeof shape>> & { requirements?: string[]; class?: string };

export function workerKind({ own, docs, ...words }: LanguageKind): ModuleKind {
  const kind = defineKind({
    ...words,
    category: 'model',
    docs: `${docs.trim()}\n${common}`,
    settings: z.object({ ...shape, ...own }) as unknown as z.ZodObject<typeof shape>,
    example: words.example as { settings: z.input<z.ZodObject<typeof shape>> },
    inputs: 'many',
    outputs: ['out', 'incomplete'],
    reads: ({ columns, window }) =>
      window === undefined
        ? columns.map((field, k) => ({
            pointer: `/columns/${k}`,
            field,
            types: ['number', 'boolean', 'string'] as const,
          }))
        : [{ pointer: '/window', field: window, types: ['vector'] as const }],
    columns: (settings, inputs, contracts) => {
      const incoming = mergeColumns(inputs);
      const contract = contractOf(settings, contracts);
      const added = settings.outputs.map((output): [string, Column] => [
        output.as ?? output.name,
        columnOf(output, contract),
      ]);
      return { ports: { out: withColumns(incoming, added), incomplete: incoming } };
    },
    check: (settings, inputs, contracts) => [
      ...scriptProblems(settings),
      ...fallbackProblems(settings),
      ...contractProblems(settings, mergeColumns(inputs), contractOf(settings, contracts)),
    ],
  });
  return kind as unknown as ModuleKind;
}

function contractOf({ model, script }: Settings, contracts: Contracts): Contract | undefined {
  const named = model ?? script;
  return named === undefined ? undefined : contracts(named);
}

function columnOf({ name: output, dtype }: Settings['outputs'][number], contract?: Contract): Column {
  const said = contract?.outputs.find((one) => one.name === output);
  const of = dtype ?? said?.dtype;
  if (of === undefined) return { type: 'unknown' };
  const single = (said?.shape ?? []).every((length) => length === 1);
  // A number may be a vector of them, where only its dtype is known.
  const type = said === undefined && typeOfDtype(of) === 'number' ? 'unknown' : typeOfDtype(of);
  return {
    type: single ? type : 'vector',
    ...(said?.unit === undefined ? {} : { unit: said.unit }),
  };
}

function scriptProblems({ script, code, requirements, runtime }: Settings): ProblemPlace[] {
  const found: ProblemPlace[] = [];
  if ((script === undefined) === (code === undefined))
    found.push({
      pointer: script === undefined ? '' : '/code',
      detail: 'a model needs one script: set either script or code.',
    });
  if (requirements !== undefined && requirements.length > 0 && runtime !== undefined)
    found.push({
      pointer: '/requirements',
      detail: 'requirements become a runtime, and there is one already: set one of the two.',
    });
  return found;
}

function fallbackProblems({ fallback = {}, outputs }: Settings): ProblemPlace[] {
  const known = outputs.map(({ name: output, as }) => as ?? output);
  return Object.keys(fallback)
    .filter((field) => !known.includes(field))
    .map((field) => ({ pointer: `/fallback/${field}`, field, detail: `no output is called ${field}.` }));
}

function contractProblems(settings: Settings, incoming: Columns, contract?: Contract): ProblemPlace[] {
  if (contract === undefined) return [];
  const { model, script, columns, window, outputs } = settings;
  const pointer = model === undefined ? '/script' : '/model';
  const called = (model ?? script)!;
  const code = 'flows.contract-unmet';
  const given = new Set(columns);
  const missing = contract.columns.filter((column) => !given.has(column.name));
  const unknown = outputs.flatMap(({ name: output }, i) =>
    contract.outputs.length === 0 || contract.outputs.some((one) => one.name === output)
      ? []
      : [
          {
            code,
            pointer: `/outputs/${i}/name`,
            detail: `${called} has no output ${output}; it has ${contract.outputs.map((o) => o.name).join(', ')}.`,
          },
        ],
  );
  // A matrix has lost the names of its columns, so only what is said of the whole can be held against it.
  const unmet = unmetContract(contract, incoming, pointer, called).filter(
    ({ field }) => window === undefined || field === undefined,
  );
  return [
    ...missing.map(({ name: column }) => ({
      code,
      pointer: '/columns',
      field: column,
      detail: `${called} expects the column "${column}", and columns does not give it.`,
    })),
    ...unmet.filter(({ field }) => !missing.some((column) => column.name === field)),
    ...unknown,
    ...windowProblems(settings, incoming),
  ];
}

/** A window's length is known where it always is full. */
function windowProblems({ window, columns }: Settings, incoming: Columns): ProblemPlace[] {
  const given = window === undefined ? undefined : columnNamed(incoming, window)?.shape;
  const length = given?.reduce((a, b) => a * b, 1) ?? 0;
  if (given === undefined || length % columns.length === 0) return [];
  return [
    {
      pointer: '/window',
      detail: `the vector ${window} has ${given.join(' x ')} values, which is no number of rows of the ${columns.length} columns.`,
    },
  ];
}

/** Which file of a script that is a folder is started; for every language but Java. */
export const entrySetting = (main: string) =>
  z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(`File to start with, in a script that is a folder; \`${main}\` when absent.`);
