/** Names that one probably wants in a text field, from the rest of the flow. Pure. */
import { wireFrom, type Columns } from '@millrace/flow';
import type { Contract, FlowModule } from '@millrace/schemas';
import { isRecord } from './settings.js';

export interface Hint {
  value: string;
  note: string;
}

export interface Known {
  module: FlowModule;
  arriving: Columns;
  contract: Contract | undefined;
}

/** `pointer` is that of the form, with `*` for any entry. */
export function hintsFor(pointer: string, { module, arriving, contract }: Known): readonly Hint[] {
  return RULES[`${module.type} ${pointer}`]?.({ module, arriving, contract }) ?? [];
}

export const fieldHints = ({ fields }: Columns): Hint[] =>
  [...fields].map(([value, { type, unit }]) => ({
    value,
    note: [type === 'unknown' ? '' : type, unit].filter(Boolean).join(' '),
  }));

/** Entries that a list could take from what arrives, all at once; undefined where that means nothing. */
export function entriesFromFields(
  pointer: string,
  { module, arriving }: Known,
  there: readonly unknown[],
): unknown[] | undefined {
  if (`${module.type} ${pointer}` !== 'align.rows /columns') return undefined;
  const named = new Set(
    there.map((entry) => (isRecord(entry) ? (entry['name'] ?? entry['from']) : undefined)),
  );
  return [...arriving.fields.keys()].filter((name) => !named.has(name)).map((name) => ({ name }));
}

const RULES: Readonly<Record<string, (known: Known) => readonly Hint[]>> = {
  'align.rows /columns/*/name': ({ arriving }) => fieldHints(arriving),
  'align.rows /columns/*/from': ({ arriving, module }) => {
    const fields = fieldHints(arriving);
    const ids = (module.from ?? []).map((text) => wireFrom(text).from);
    if (ids.length < 2) return fields;
    return [
      ...fields,
      ...ids.flatMap((id) => fields.map(({ value }) => ({ value: `${id}.${value}`, note: '' }))),
    ];
  },
  'align.rows /grid/master': ({ module }) => namesIn(module.settings?.['columns'], 'name'),
  'model.onnx /outputs/*/tensor': ({ contract }) =>
    (contract?.outputs ?? []).map(({ name, dtype }) => ({ value: name, note: dtype })),
  'model.onnx /fallback/*': ({ module }) => namesIn(module.settings?.['outputs'], 'as'),
  'scale.minmax /parameters/*': ({ module }) => texts(module.settings?.['columns']),
  'scale.standard /parameters/*': ({ module }) => texts(module.settings?.['columns']),
  'map.set /set/*': ({ arriving }) => fieldHints(arriving),
};

function namesIn(list: unknown, key: string): Hint[] {
  return Array.isArray(list) ? texts(list.map((one) => (isRecord(one) ? one[key] : undefined))) : [];
}

const texts = (list: unknown): Hint[] =>
  Array.isArray(list)
    ? list
        .filter((one) => typeof one === 'string' && one !== '')
        .map((value) => ({ value: value as string, note: '' }))
    : [];
