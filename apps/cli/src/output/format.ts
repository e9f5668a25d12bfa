/**
 * Data on stdout: as a table for people, as JSON or YAML for programs, or as names for shells.
 * A list is a JSON array; one thing is an object.
 */
import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { table } from './table.js';

export type Format = 'table' | 'json' | 'yaml' | 'name';

export interface OutputOptions {
  output: Format;
  json?: boolean;
}

/** How a kind of thing is shown. */
export interface View<T> {
  columns: Record<string, (item: T) => string>;
  /** What other commands take as its name. */
  name(item: T): string;
}

export function outputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'how data is printed')
        .choices(['table', 'json', 'yaml', 'name'])
        .default('table'),
    )
    .option('--json', 'the same as -o json, and nothing is ever asked');
}

export const formatOf = ({ output, json }: OutputOptions): Format => (json ? 'json' : output);

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printData(data: unknown, format: 'json' | 'yaml'): void {
  print(format === 'json' ? JSON.stringify(data, null, 2) : stringify(data).trimEnd());
}

export function printList<T>(items: readonly T[], view: View<T>, options: OutputOptions): void {
  const format = formatOf(options);
  if (format === 'json' || format === 'yaml') return printData(items, format);
  if (format === 'name') {
    for (const item of items) print(view.name(item));
    return;
  }
  const cells = Object.values(view.columns);
  print(
    table(
      Object.keys(view.columns),
      items.map((item) => cells.map((cell) => cell(item))),
    ),
  );
}

/** One thing: every field a line. */
export function printOne<T extends object>(item: T, view: View<T>, options: OutputOptions): void {
  const format = formatOf(options);
  if (format === 'json' || format === 'yaml') return printData(item, format);
  if (format === 'name') return print(view.name(item));
  const fields = Object.entries(item).filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(...fields.map(([name]) => name.length));
  for (const [name, value] of fields) print(`${name.padEnd(width)}  ${plain(value)}`);
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What a command did that gives nothing to look at; the sentence for people is talk. */
export function printDone(done: object, name: string, options: OutputOptions): void {
  if (formatOf(options) !== 'table') printOne(done, { name: () => name, columns: {} }, options);
}

/** A line of a stream, such as `alerts --follow`. JSON lines for programs. */
export function printStreamed<T>(item: T, view: View<T>, options: OutputOptions): void {
  const format = formatOf(options);
  if (format === 'json') return print(JSON.stringify(item));
  if (format === 'yaml') return print(`---\n${stringify(item).trimEnd()}`);
  if (format === 'name') return print(view.name(item));
  print(
    Object.values(view.columns)
      .map((cell) => cell(item))
      .join('  '),
  );
}
