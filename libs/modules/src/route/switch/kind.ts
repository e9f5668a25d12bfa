/** `route.switch`: each record leaves by the port of the expression that it meets. Browser-safe. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { neverTrue } from '../boolean.js';

/** The ports are the same for every switch, so that wires stay when an expression is added or taken away. */
export const CASE_PORTS = ['case1', 'case2', 'case3', 'case4', 'case5', 'case6', 'case7', 'case8'] as const;
export const OTHERWISE = 'otherwise';

const docs = `
Sends each record out of one of its ports. The first of \`cases\` that is true sends it out of \`case1\`, the second out
of \`case2\`, and so on to \`case8\`; a record for which none is true leaves by \`otherwise\`.

- A comparison with a null is false. A record that has none of the fields that an expression reads does not meet it.
- With \`match: all\` a record leaves by the port of every case that is true.
- Ports to which nothing is wired may stay so; what left by them is counted all the same.
- A gap record leaves by every port, since each of them has the hole.

Counted: \`case1\` to \`case8\` and \`otherwise\`, the records that left by each port.
`;

export const kind = defineKind({
  type: 'route.switch',
  category: 'route',
  title: 'Switch',
  summary: 'Sends records one way or another, by expressions.',
  docs,
  settings: z.object({
    cases: z
      .array(z.string().min(1))
      .min(1)
      .max(CASE_PORTS.length)
      .describe('Expressions, such as `temperature > 80`; the first leads to the port `case1`.'),
    match: z
      .enum(['first', 'all'])
      .default('first')
      .describe('`first`: a record leaves by one port. `all`: by the port of every case that is true.'),
  }),
  inputs: 'many',
  outputs: [...CASE_PORTS, OTHERWISE],
  example: { settings: { cases: ['temperature > 80', 'temperature > 60'] } },
  expressions: ({ cases }) => cases.map((source, i) => ({ pointer: `/cases/${i}`, source })),
  columns: (_settings, inputs) => mergeColumns(inputs),
  check: ({ cases }) => cases.flatMap((source, i) => neverTrue(`/cases/${i}`, source)),
});

export type SwitchSettings = z.output<typeof kind.settings>;
