/** The audit log: who did what to what, chained by hash so that nothing can be taken out unseen. */
import { Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { AuditEntry } from '@millrace/schemas';
import { useState } from 'react';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { usePages } from '../data/pages.js';
import { Ident } from '../ui/ident.js';
import { List, type Column } from '../ui/list.js';
import { Empty } from '../ui/page.js';
import { When } from '../ui/when.js';
import classes from './settings.module.css';

const columnsFor = (nameOf: (actor: string) => string): Column<AuditEntry>[] => [
  { key: 'at', title: 'When', width: '110px', cell: ({ at }) => <When at={at} /> },
  {
    key: 'actor',
    title: 'Who',
    width: 'minmax(120px, 1fr)',
    cell: ({ actor }) => <span title={actor}>{nameOf(actor)}</span>,
  },
  { key: 'action', title: 'Did', width: 'minmax(140px, 1fr)', cell: ({ action }) => action },
  {
    key: 'subject',
    title: 'To',
    width: 'minmax(160px, 1fr)',
    cell: ({ subject }) => <span title={subject}>{subject}</span>,
  },
  {
    key: 'details',
    title: 'Details',
    width: 'minmax(160px, 2fr)',
    cell: ({ details }) => <span className={classes.details}>{saidOf(details)}</span>,
  },
  { key: 'sequence', title: 'No.', width: '72px', cell: ({ sequence }) => sequence, extra: true },
];

const FILTERS = ['actor', 'action', 'subject'] as const;
const PLACEHOLDERS = {
  actor: 'Who, such as user:01m8',
  action: 'Did, such as deploy',
  subject: 'To, such as resource:',
};

export function AuditPage() {
  const [filter, setFilter] = useState({ actor: '', action: '', subject: '' });
  const [settled] = useDebouncedValue(filter, 300);
  const query = Object.fromEntries(
    Object.entries(settled).flatMap(([key, text]) => (text === '' ? [] : [[key, anywhere(text)]])),
  );
  const pages = usePages(['access', 'audit', query], (cursor) =>
    api().access.audit({ cursor, limit: 100, ...query }),
  );
  const [opened, setOpened] = useState<AuditEntry>();
  const nameOf = useActors();
  return (
    <Stack>
      <Group gap="xs">
        {FILTERS.map((key) => (
          <TextInput
            key={key}
            aria-label={`Only ${key}`}
            placeholder={PLACEHOLDERS[key]}
            value={filter[key]}
            onChange={(event) => setFilter({ ...filter, [key]: event.currentTarget.value.trim() })}
          />
        ))}
      </Group>
      <List
        name="audit"
        columns={columnsFor(nameOf)}
        pages={pages}
        keyOf={({ sequence }) => String(sequence)}
        open={(entry) => setOpened(entry)}
        empty={
          <Empty title="Nothing fits">
            Nobody did such a thing here. Clear the filters to see everything.
          </Empty>
        }
      />
      <Modal
        opened={opened !== undefined}
        onClose={() => setOpened(undefined)}
        title={opened?.action}
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {opened && <Entry entry={opened} />}
      </Modal>
    </Stack>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const facts: [string, unknown][] = [
    ['who', entry.actor],
    ['to', entry.subject],
    ['when', new Date(entry.at).toLocaleString()],
    ...Object.entries(entry.details),
  ];
  return (
    <Stack>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {facts.map(([name, fact]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w={140} fw={400} c="dimmed">
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {typeof fact === 'string' ? fact : JSON.stringify(fact)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed">
        Entry {entry.sequence}, hash <Ident id={entry.hash} label="hash" />, chained to{' '}
        <Ident id={entry.previous} label="hash of the entry before" />
      </Text>
    </Stack>
  );
}

/** Where it says no `*` itself, the text may stand anywhere. */
const anywhere = (text: string): string => (text.includes('*') ? text : `*${text}*`);

const saidOf = (details: Record<string, unknown>): string =>
  Object.entries(details)
    .map(([name, fact]) => `${name} ${typeof fact === 'string' ? fact : JSON.stringify(fact)}`)
    .join(', ');
