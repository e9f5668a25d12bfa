/** What the kinds have in common that judge the numbers of one field. Browser-safe. */
import { mergeColumns, withColumns, type Columns, type FieldRead } from '@millrace/flow';

export interface JudgeFields {
  field: string;
  action: string;
  keyBy?: string;
  /** The field that takes a number about each value, where there is one. */
  score?: string;
}

export function judgeReads({ field, keyBy }: JudgeFields): FieldRead[] {
  return [
    { pointer: '/field', field, types: ['number'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ];
}

/** What leaves: what came, with `<field>_<flag>` where values are flagged. */
export function judgeColumns(
  { field, action, score }: JudgeFields,
  flag: string,
  inputs: readonly Columns[],
): Columns {
  return withColumns(mergeColumns(inputs), {
    ...(action === 'flag' ? { [`${field}_${flag}`]: 'boolean' as const } : {}),
    ...(score === undefined ? {} : { [score]: 'number' as const }),
  });
}
