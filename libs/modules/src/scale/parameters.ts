/**
 * The parameters of a scaler, by column: from the settings, or from a JSON file among the resources, as a
 * fitted scaler was written out. Every column that is asked for must be there with every number; others are
 * ignored. The file is read once, when the flow is bound.
 */
import { readFileSync } from 'node:fs';
import { Failure } from '@millrace/schemas';
import type { ModuleContext } from '@millrace/engine';

export interface ScaleSettings {
  columns: string[];
  parameters?: Record<string, Record<string, number>>;
  resource?: string;
}

/** What is known of one column. */
export interface ColumnParameters {
  numbers: number[];
  /** All of its entry: a scaler may say more than every scaler must. */
  entry: Readonly<Record<string, unknown>>;
  /** Module, file and column, for whoever complains about the entry. */
  place: string;
}

/** For each column, in order, the numbers named in `wanted`, in order. */
export function scaleParameters(
  context: ModuleContext<ScaleSettings>,
  wanted: readonly string[],
): ColumnParameters[] {
  const { columns, parameters, resource } = context.settings;
  const table = parameters ?? readTable(context, resource!);
  const from = parameters === undefined ? resource! : 'the setting parameters';
  return columns.map((column) => {
    const row = table[column];
    if (typeof row !== 'object' || row === null)
      throw new Failure(
        'engine.parameters-missing',
        `${context.id}: ${from} has no parameters for the column ${column}; it has ${list(Object.keys(table))}. ` +
          'Add the column there, or take it out of columns.',
      );
    const entry = row as Record<string, unknown>;
    const numbers = wanted.map((name) => {
      const value = entry[name];
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      throw new Failure(
        'engine.parameters-missing',
        `${context.id}: ${from} has no number "${name}" for the column ${column}. ` +
          `It needs ${wanted.map((one) => `"${one}"`).join(' and ')} for each column.`,
      );
    });
    return { numbers, entry, place: `${context.id}: ${from}, column ${column}` };
  });
}

function readTable(context: ModuleContext<ScaleSettings>, reference: string): Record<string, unknown> {
  const { path } = context.host.resource(reference);
  try {
    const table: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof table === 'object' && table !== null && !Array.isArray(table))
      return table as Record<string, unknown>;
  } catch (cause) {
    throw new Failure(
      'engine.parameters-missing',
      `${context.id}: ${reference} cannot be read as JSON: ${(cause as Error).message}. ` +
        'It should be an object of columns, such as {"pressure": {...}}.',
      { cause },
    );
  }
  throw new Failure(
    'engine.parameters-missing',
    `${context.id}: ${reference} is no object of columns, such as {"pressure": {...}}.`,
  );
}

function list(names: string[]): string {
  if (names.length === 0) return 'none';
  return names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');
}
