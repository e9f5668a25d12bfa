/** Which fields fit one axis: a pump at 4 bar and a counter at 2,000 do not. Pure. */
import type { FieldAt } from './field-chart.js';
import type { Frames, PortData } from './frames.js';
import type { Points } from './series.js';

const FACTOR = 8;

/** The largest group of fields whose values are of one size, in their order; of equal ones the first. */
export function sharingAxis(frames: Frames, fields: readonly FieldAt[]): FieldAt[] {
  const groups: { size: number; fields: FieldAt[] }[] = [];
  for (const at of fields) {
    const size = sizeOf(frames.port(at.module, at.port)?.series(at.field));
    const group = groups.find((one) => size <= one.size * FACTOR && one.size <= size * FACTOR);
    if (group) group.fields.push(at);
    else groups.push({ size, fields: [at] });
  }
  return groups.toSorted((a, b) => b.fields.length - a.fields.length)[0]?.fields ?? [];
}

/** Numbers that are measured or made: not `age.TS1`, which says how old the value of TS1 is. */
export const numericFields = ({ module, port, fields }: PortData): FieldAt[] =>
  [...fields]
    .filter(([field, kind]) => kind === 'number' && !isAbout(field, fields))
    .map(([field]) => ({ module, port, field }));

const isAbout = (field: string, fields: PortData['fields']): boolean =>
  field.includes('.') && fields.has(field.slice(field.indexOf('.') + 1));

function sizeOf(points: Points | undefined): number {
  let most = 0;
  for (const value of points?.v ?? []) most = Math.max(most, Math.abs(value ?? 0));
  return most;
}
