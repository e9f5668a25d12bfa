/** Labels as rows of name and value; what cannot be a label is said beside it. */
import { ActionIcon, Button, Group, Stack, TextInput } from '@mantine/core';
import { LABEL_NAME, type Labels } from '@millrace/schemas';
import { Plus, X } from 'lucide-react';
import { useRef } from 'react';

export interface LabelRow {
  /** Of the row, so that it keeps its field while it is edited. */
  key: number;
  name: string;
  value: string;
}

const MOST = 64;
const LONGEST = 200;

export const rowsOf = (labels: Labels): LabelRow[] =>
  Object.entries(labels).map(([name, value], key) => ({ key, name, value }));

/** Undefined when a row cannot be a label. Rows that are empty are none. */
export function labelsOf(rows: readonly LabelRow[]): Labels | undefined {
  const filled = rows.filter(({ name, value }) => name !== '' || value !== '');
  if (filled.some((row) => wrongOf(row, filled) !== undefined)) return undefined;
  return Object.fromEntries(filled.map(({ name, value }) => [name, value]));
}

function wrongOf({ key, name, value }: LabelRow, rows: readonly LabelRow[]): string | undefined {
  if (name === '') return value === '' ? undefined : 'It needs a name';
  if (!LABEL_NAME.test(name)) return 'Letters, digits, . _ / and -, a letter first';
  if (rows.some((other) => other.key !== key && other.name === name)) return 'It is there twice';
  return undefined;
}

export function LabelsForm({ rows, onChange }: { rows: LabelRow[]; onChange(rows: LabelRow[]): void }) {
  const next = useRef(rows.length);
  const change = (key: number, to: Partial<LabelRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...to } : row)));
  return (
    <Stack gap={4} align="flex-start" role="group" aria-label="Labels">
      {rows.map((row, index) => (
        <Group key={row.key} gap="xs" align="flex-start" wrap="nowrap">
          <TextInput
            aria-label={`Label ${index + 1}`}
            placeholder="label"
            value={row.name}
            error={wrongOf(row, rows)}
            onChange={(event) => change(row.key, { name: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`Value of ${row.name || `label ${index + 1}`}`}
            placeholder="value"
            value={row.value}
            maxLength={LONGEST}
            onChange={(event) => change(row.key, { value: event.currentTarget.value })}
          />
          <ActionIcon
            aria-label={`Remove ${row.name || `label ${index + 1}`}`}
            size={30}
            onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
          >
            <X size={14} />
          </ActionIcon>
        </Group>
      ))}
      {rows.length < MOST && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<Plus size={12} />}
          onClick={() => onChange([...rows, { key: next.current++, name: '', value: '' }])}
        >
          Add a label
        </Button>
      )}
    </Stack>
  );
}
