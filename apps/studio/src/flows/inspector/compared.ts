/** Which field of a module says what it does, before and after it. Pure. */
import { wireFrom } from '@millrace/flow';
import type { FlowModule } from '@millrace/schemas';
import type { FieldAt } from '../watch/field-chart.js';
import type { Frames } from '../watch/frames.js';

const CATEGORIES: readonly string[] = ['clean', 'map', 'scale'];

/** Before and after, or undefined where there is nothing to compare. */
export function comparedFields(
  frames: Pick<Frames, 'port'>,
  id: string,
  { type, from = [], settings = {} }: FlowModule,
): [FieldAt, FieldAt] | undefined {
  if (!CATEGORIES.includes(type.split('.')[0]!)) return undefined;
  const after = frames.port(id, 'out');
  if (after === undefined) return undefined;
  const named = [settings['field'], ...listed(settings['columns']), ...listed(settings['fields'])];
  const numbers = [...after.fields].filter(([, kind]) => kind === 'number').map(([field]) => field);
  for (const field of [...named, ...numbers]) {
    if (typeof field !== 'string' || (after.series(field)?.t.length ?? 0) === 0) continue;
    const before = from
      .map(wireFrom)
      .find((wire) => (frames.port(wire.from, wire.port)?.series(field)?.t.length ?? 0) > 0);
    if (before !== undefined)
      return [
        { module: before.from, port: before.port, field },
        { module: id, port: 'out', field },
      ];
  }
  return undefined;
}

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
