/** Templates of messages: `{field}` stands for a value, all else for itself. Read once, filled per alert. */

/** Enough to tell values apart, few enough to read. */
const DIGITS = 6;
/** Characters of a text: a message is read on a telephone, and a record may bring megabytes. */
const TEXT = 200;

export interface Template {
  /** The fields that it names, each once. */
  readonly fields: readonly string[];
  fill(valueOf: (field: string) => unknown): string;
}

export function templateOf(text: string): Template {
  const parts = text.split(/\{([^{}]+)\}/);
  const fields = new Set(parts.filter((_, i) => i % 2 === 1));
  return {
    fields: [...fields],
    fill: (valueOf) => parts.map((part, i) => (i % 2 === 0 ? part : written(valueOf(part)))).join(''),
  };
}

function written(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'number') return String(Number(value.toPrecision(DIGITS)));
  if (value instanceof Float64Array) return `[${value.length} values]`;
  const text = String(value);
  return text.length > TEXT ? `${text.slice(0, TEXT)}...` : text;
}
