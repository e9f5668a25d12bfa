/** `clean.invalid`: takes away what is no measurement. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';

const docs = `
Takes away values that are no measurements: NaN and Infinity, codes that a device sends instead of a value
(\`sentinels\`), and everything of a record whose quality field says that it is bad. The record itself goes on,
unless \`action\` is \`drop\`.

- \`remove\` leaves the record without the field, \`null\` leaves an explicit null, \`drop\` takes the whole
  record.
- Without \`fields\` all fields are looked at, but never the quality field and never the ages and flags that
  \`align.rows\` makes. A vector is looked at only for what its record's quality says.
- With \`numeric: true\` a text or a boolean in one of the fields is taken away too. Name the \`fields\` then,
  or every text goes.
- A sentinel is compared exactly, as a number. An explicit null is no value and stays.

Dropped, by reason, in values (in records with \`drop\`): \`nan\`, \`infinity\`, \`sentinel\`, \`quality\`, \`text\`.
`;

export const kind = defineKind({
  type: 'clean.invalid',
  category: 'clean',
  title: 'Remove invalid values',
  summary: 'Takes away NaN, Infinity, error codes and values of bad quality.',
  docs,
  settings: z.object({
    fields: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Fields to look at; all of them when absent.'),
    sentinels: z.array(z.number()).max(32).default([-9999]).describe('Numbers that stand for "no value".'),
    badQuality: z
      .strictObject({
        field: z.string().min(1).describe('Field that tells the quality of the record.'),
        values: z
          .array(z.union([z.string(), z.number(), z.boolean()]))
          .min(1)
          .max(256)
          .describe('Its values that mean a bad one.'),
      })
      .optional()
      .describe('Records of bad quality lose all values that are looked at.'),
    numeric: z
      .boolean()
      .default(false)
      .describe('Whether a text or boolean in one of the fields is invalid too.'),
    action: z
      .enum(['remove', 'null', 'drop'])
      .default('remove')
      .describe('What an invalid value becomes: an absent field, a null, or a dropped record.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: {
      fields: ['pressure'],
      sentinels: [-9999, 32767],
      badQuality: { field: 'quality', values: ['bad', 'uncertain'] },
      numeric: true,
    },
  },
  reads: ({ fields = [], badQuality }) => [
    ...fields.map((field, i) => ({ pointer: `/fields/${i}`, field })),
    ...(badQuality === undefined
      ? []
      : [{ pointer: '/badQuality/field', field: badQuality.field, optional: true }]),
  ],
  columns: (_settings, inputs) => mergeColumns(inputs),
});
