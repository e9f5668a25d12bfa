/** source.csv as data: settings, docs and what leaves it. Browser-safe. */
import { anyColumns, columnsOf, defineKind } from '@millrace/flow';
import { z } from 'zod';
import { isTimezone, patternProblem, STAMP_FORMATS } from '../stamp.js';
import { Fields, fieldsByName } from './fields.js';

export const Timestamp = z
  .strictObject({
    column: z.string().min(1).describe('Column that holds the time.'),
    format: z
      .enum(STAMP_FORMATS)
      .default('iso')
      .describe(
        'How the time is written. `iso`: 2024-05-01T12:00:00.5, with a T or a space, with or without a zone. ' +
          '`epochMs`, `epochS`, `epochUs`, `epochNs`: a number since 1970. `number`: any other number, see unitMs. ' +
          '`pattern`: see pattern.',
      ),
    unitMs: z
      .number()
      .positive()
      .optional()
      .describe(
        'Milliseconds a unit, for the format `number`: 1000 where the column counts seconds or cycles.',
      ),
    pattern: z
      .string()
      .min(1)
      .optional()
      .describe(
        "For the format `pattern`: yyyy yy MMM MM M dd d HH H hh h a mm ss S (fraction) XXX (offset), text in 'quotes'.",
      ),
    timezone: z
      .string()
      .default('UTC')
      .describe('IANA name of the zone of times that are written without one, such as Europe/Berlin.'),
  })
  .superRefine((value, context) => {
    const say = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (value.format === 'number' && value.unitMs === undefined) {
      say('unitMs', 'the format number needs unitMs, the milliseconds a unit');
    }
    if (value.format === 'pattern') {
      if (value.pattern === undefined)
        say('pattern', 'the format pattern needs one, such as dd.MM.yyyy HH:mm:ss');
      else {
        const problem = patternProblem(value.pattern);
        if (problem !== null) say('pattern', `the pattern cannot give a time: ${problem}`);
      }
    }
    if (!isTimezone(value.timezone)) say('timezone', `there is no time zone ${value.timezone}`);
  });

/** `max` or a factor, as a number. */
export const speedOf = (speed: 'max' | number): number => (speed === 'max' ? Infinity : speed);

export const kind = defineKind({
  type: 'source.csv',
  category: 'source',
  title: 'CSV file',
  summary: 'Replays a CSV file, at its own speed or as fast as possible.',
  docs: `Reads a file row by row, in the file's own order, plain or gzip (told apart by content), UTF-8.

- A cell that reads as a number is a number: exactly what JavaScript's \`Number\` gives for the trimmed text, and
  \`NaN\` however it is written. An empty cell, quoted or not, is an absent field. Other text is a string.
- Quotes follow RFC 4180: doubled inside, line breaks allowed. A byte order mark and CRLF are taken off.
- A line with the wrong number of cells, a time that cannot be read or a quote that is not closed is **broken**: it is
  counted (\`dropped.line\`), the last error names file and line, and \`onError\` decides. An open quote costs its own
  line only. By \`onError: port\` leaves a record with \`file\`, \`line\` and \`problem\`.
- Of a row with a recorded \`arrival\` that is the node's time, for holds, limits and \`clock: arrival\`: with it a replay
  gives what the live flow gave. Without, it is the largest timestamp so far. An empty cell says nothing.
- The time is no field, nor is the arrival. Give it twice in \`fields\` by \`{field: column}\` to keep it as one.
- \`rebase\` shifts all files of the flow by the same amount, so that the first row read is now. With \`speed: 1\` the
  flow is then live.
- \`loop\` begins again at the end, each round shifted by the file's span and one typical step (the median of the first
  100), so that time never repeats.
- The position is saved: after a restart the next row is the one behind the last that was delivered. With \`rebase\`
  that row is then now, as if the node had been off; time never goes back.
- In the hour that autumn repeats, a local time means its first pass; in the hour that spring skips, it is read as if
  nothing had been skipped.

Counters: bytes (unpacked), \`dropped.line\`, errors.`,
  settings: z.object({
    file: z
      .string()
      .min(1)
      .describe(
        "Path, relative to the flow's file (on a node: to its work folder), or `resource:name@version`.",
      ),
    timestamp: Timestamp.describe('Where and how the time of a row is written.'),
    arrival: Timestamp.optional().describe(
      "Where and how it is written when a row arrived, if that was recorded: the node's time in the replay.",
    ),
    header: z
      .boolean()
      .optional()
      .describe('The first row names the columns. True when absent, unless `columns` names them.'),
    columns: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Names of the columns, in order; instead of those of the header, where there is one.'),
    fields: Fields.optional(),
    delimiter: z
      .string()
      .refine((text) => text === 'spaces' || text === 'tab' || /^[ -~\t]$/.test(text), {
        message: 'one character, `tab`, or `spaces` for runs of spaces',
      })
      .refine((text) => text !== '"', { message: 'a quote cannot part cells' })
      .default(',')
      .describe('What stands between cells: one character, `tab`, or `spaces` for runs of spaces and tabs.'),
    speed: z
      .union([z.literal('max'), z.number().positive()])
      .default('max')
      .describe('`max`, or how many times faster than recorded: 1 is real time.'),
    rebase: z.boolean().default(false).describe('Shift timestamps so that the first is now.'),
    scale: z
      .boolean()
      .default(false)
      .describe(
        'Divide times by `speed`, so that they go by as fast as the rows do: with `rebase` a replay at any speed is live.',
      ),
    loop: z.boolean().default(false).describe('Begin again at the end, with times going on.'),
  }),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
  example: {
    settings: {
      file: 'data/pump.csv',
      timestamp: { column: 'time', format: 'iso', timezone: 'Europe/Berlin' },
      fields: ['pressure', 'temperature'],
    },
    note: 'Times are written without a zone, in German local time.',
  },
  columns({ fields, columns, timestamp, arrival }) {
    const names =
      fields === undefined
        ? columns?.filter((name) => name !== timestamp.column && name !== arrival?.column && name !== '')
        : [...(fieldsByName(fields)?.values() ?? [])];
    if (names === undefined) return anyColumns;
    return columnsOf(names.map((name) => [name, 'unknown'] as const));
  },
  check({ header, columns, timestamp, arrival, fields, scale, speed }) {
    if (scale && speed === 'max') {
      return [
        { pointer: '/scale', detail: 'times can only be scaled by a number: give speed one, such as 60' },
      ];
    }
    if (header === false && columns === undefined) {
      return [{ pointer: '/columns', detail: 'a file without a header needs the names of its columns here' }];
    }
    if (columns === undefined) return [];
    const times = [timestamp.column, ...(arrival === undefined ? [] : [arrival.column])];
    return [...times, ...(fieldsByName(fields)?.keys() ?? [])]
      .filter((name) => !columns.includes(name))
      .map((name) => ({
        pointer: '/columns',
        field: name,
        detail: `the column "${name}" is not among the columns`,
      }));
  },
});

export type CsvKindSettings = z.output<typeof kind.settings>;
