/** `map.convert`: one field to another unit, or to another type. */
import { columnNamed, defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { z } from 'zod';
import { CASTS } from './cast.js';
import { conversion, measureOf, measures, UNITS } from './units.js';

const docs = `
Converts one field in place: to another unit, or to another type. \`map.set\` makes a copy first where both are
wanted.

**\`unit\`** turns numbers from one unit into another of the same measure, vectors value by value, with the exact
factors of NIST SP 811. Nulls pass; a text passes and is counted as \`text\`: cast it first.

| measure | units |
| --- | --- |
${measures.map(([measure, units]) => `| ${measure} | ${units.map((name) => `\`${name}\``).join(' ')} |`).join('\n')}

Upper and lower case matter (\`mW\`, \`MW\`). \`gal\` is the US gallon, \`t\` 1000 kg, \`hp\` 550 ft lbf/s, \`PS\` the
metric horsepower, \`gn\` the standard gravity, \`cal\` the thermochemical calorie, \`BTU\` that of the International
Table, and pressures of a column are those of mercury at 0 °C and of water of 1000 kg/m3. Temperatures are readings,
not differences.

**\`cast\`** turns values into a type.

| from | \`number\` | \`integer\` | \`string\` | \`boolean\` |
| --- | --- | --- | --- | --- |
| number | itself | cut towards 0, as numpy's \`astype(int)\` | shortest decimal that reads back | false for 0, else true |
| text | decimal, blanks around it allowed | as number, then cut | itself | \`true on yes 1\`, \`false off no 0\`, in any case |
| boolean | 1, 0 | 1, 0 | \`true\`, \`false\` | itself |
| vector | itself | value by value | null | null |

A null stays null. What cannot be said in the new type becomes null: another text, a number that is none (except to
\`number\`, which leaves it).

Dropped, by reason: \`uncastable\` (values). Counted: \`text\`.
`;

export const kind = defineKind({
  type: 'map.convert',
  category: 'map',
  title: 'Convert',
  summary: 'Converts a field to another unit, or to another type.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to convert.'),
    unit: z
      .strictObject({
        from: z.enum(UNITS).describe('Unit that arrives.'),
        to: z.enum(UNITS).describe('Unit that leaves, of the same measure.'),
      })
      .optional()
      .describe('Converts numbers from one unit to another; this or `cast` is required.'),
    cast: z
      .enum(CASTS)
      .optional()
      .describe('Converts values to a type; what cannot be converted becomes null and is counted.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'pressure', unit: { from: 'psi', to: 'bar' } } },
  reads: ({ field, unit }) => [
    { pointer: '/field', field, ...(unit === undefined ? {} : { types: ['number', 'vector'] as const }) },
  ],
  columns({ field, unit, cast }, inputs) {
    const incoming = mergeColumns(inputs);
    const column = columnNamed(incoming, field);
    if (column === undefined) return incoming;
    if (unit !== undefined) {
      const type = column.type === 'unknown' ? 'number' : column.type;
      return withColumns(incoming, { [field]: { ...column, type, unit: unit.to } });
    }
    const numeric = cast === 'number' || cast === 'integer';
    if (cast === undefined || (numeric && column.type === 'vector')) return incoming;
    return withColumns(incoming, {
      [field]: { type: numeric ? 'number' : cast, ...(numeric && column.unit ? { unit: column.unit } : {}) },
    });
  },
  check({ field, unit, cast }, inputs) {
    if ((unit === undefined) === (cast === undefined))
      return [{ pointer: '/unit', detail: 'one conversion at a time: set either unit or cast.' }];
    if (unit === undefined) return [];
    if (conversion(unit.from, unit.to) === undefined)
      return [
        {
          pointer: '/unit/to',
          detail:
            `${unit.from} is a ${measureOf(unit.from)} and ${unit.to} a ${measureOf(unit.to)}: ` +
            'choose two units of one measure.',
        },
      ];
    const arriving = columnNamed(mergeColumns(inputs), field)?.unit;
    // °C and degC are two names of one unit; a unit that is not in the table may be a third.
    const line = arriving === undefined ? undefined : conversion(arriving, unit.from);
    const same = line !== undefined && line.shift === 0 && line.divisor === line.factor;
    return arriving === undefined || measureOf(arriving) === undefined || same
      ? []
      : [
          {
            pointer: '/unit/from',
            field,
            detail: `${field} arrives in ${arriving}, not in ${unit.from}: set from to ${arriving}.`,
          },
        ];
  },
});
