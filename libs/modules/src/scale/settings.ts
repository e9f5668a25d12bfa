/** What the settings of all scalers have in common. Browser-safe. */
import { z } from 'zod';
import type { ProblemPlace } from '@millrace/schemas';

/** `columns`, `parameters` and `resource`; `parameters` has an object of this shape a column. */
export function scaleSettings<S extends z.ZodObject>(parameters: S) {
  return {
    columns: z.array(z.string().min(1)).min(1).max(10_000).describe('Fields to scale.'),
    parameters: z
      .record(z.string(), parameters)
      .optional()
      .describe('Parameters by field; this or `resource` is required.'),
    resource: z
      .string()
      .startsWith('resource:')
      .optional()
      .describe('A JSON file with the parameters by field, such as `resource:pump-scaler@production`.'),
  };
}

export function checkScale(settings: {
  columns: string[];
  parameters?: Record<string, unknown>;
  resource?: string;
}): ProblemPlace[] {
  const { columns, parameters, resource } = settings;
  if ((parameters === undefined) === (resource === undefined))
    return [
      {
        pointer: '/parameters',
        detail: 'the parameters come from one place: set either parameters or resource.',
      },
    ];
  if (parameters === undefined) return [];
  return columns.flatMap((column, i) =>
    column in parameters
      ? []
      : [
          {
            pointer: `/columns/${i}`,
            field: column,
            detail: `parameters has no entry for ${column}: add one.`,
          },
        ],
  );
}
