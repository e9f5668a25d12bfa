/** sink.file as data. Browser-safe. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';

export const kind = defineKind({
  type: 'sink.file',
  category: 'sink',
  title: 'File',
  summary: 'Writes records to a file, as JSON lines or CSV.',
  docs: `Appends a line a record. Writes are gathered (64 KiB or half a second) and flushed to the disk when the flow
stops, so a power cut can take the last moments; a line that it left half written is cut off at the next start.

- \`jsonl\`: \`{"t": 1000, "pressure": 4.2}\`; NaN and Infinity are null; a hole is \`{"gap": {...}}\`.
- \`csv\`: \`t\` and the columns; those of the file's header, else of \`columns\`, else of the first batch. A field that is
  no column is left out and counted (\`counted.no-column\`), and so is a hole (\`counted.gap\`).
- \`rotate\`: before the file would grow beyond \`maxBytes\` it becomes \`path.1\`, which becomes \`path.2\`, up to \`keep\`.
- A replay that goes on from saved state cuts the file back to where that state was taken, so no row is doubled. A live
  flow only appends, since what it wrote may not come again. With \`rotate\` nothing is cut back.
- What cannot be written is dropped as \`unwritable\`, and \`onError\` decides whether the flow stops.`,
  settings: z.object({
    path: z.string().min(1).describe("Path, relative to the flow's file (on a node: to its work folder)."),
    format: z.enum(['jsonl', 'csv']).default('jsonl').describe('JSON lines, or CSV with a header.'),
    columns: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('For `csv`: the columns behind `t`, in order.'),
    rotate: z
      .strictObject({
        maxBytes: z.number().int().min(1024).describe('Largest size of one file, in bytes.'),
        keep: z.number().int().min(1).max(1000).default(5).describe('How many older files to keep.'),
      })
      .optional()
      .describe('Begin a new file when this one is full. One file for ever when absent.'),
  }),
  inputs: 'many',
  outputs: [],
  example: { settings: { path: 'rows.jsonl', rotate: { maxBytes: 10_000_000, keep: 3 } } },
  writesFile: ({ path }) => [path],
});

export type FileSettings = z.output<typeof kind.settings>;
