/** A machine becomes a node: a token, the one line to paste, and the node as it appears. */
import { Button, Group, NumberInput, Select, Stack, Text } from '@mantine/core';
import type { JoinTokenCreated } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { failed } from '../ui/notify.js';
import { Card, Empty, Page } from '../ui/page.js';
import { JoinTokens } from './join-tokens.js';
import { Joining } from './joining.js';
import { LabelsForm, labelsOf, type LabelRow } from './labels-form.js';
import { useGroups } from './nodes.js';

const MINUTES = [
  { value: '15', label: '15 minutes' },
  { value: '60', label: '1 hour' },
  { value: '480', label: '8 hours' },
  { value: '1440', label: '1 day' },
  { value: '10080', label: '1 week' },
];
const MOST_USES = 10_000;

export function JoinPage() {
  const mayWrite = useMay('fleet.write');
  const [made, setMade] = useState<JoinTokenCreated>();
  return (
    <Page title="Join a node">
      <Stack>
        {!mayWrite && (
          <Empty title="Your role may not let nodes in">Ask somebody who is an operator or an admin.</Empty>
        )}
        {mayWrite && made === undefined && <TokenForm onMade={setMade} />}
        {made !== undefined && <Joining token={made} onAnother={() => setMade(undefined)} />}
        <JoinTokens />
      </Stack>
    </Page>
  );
}

function TokenForm({ onMade }: { onMade(token: JoinTokenCreated): void }) {
  const groups = useGroups().data?.items ?? [];
  const [group, setGroup] = useState<string | null>(null);
  const [rows, setRows] = useState<LabelRow[]>([]);
  const [uses, setUses] = useState<string | number>(1);
  const [minutes, setMinutes] = useState('60');
  const [busy, setBusy] = useState(false);
  const labels = labelsOf(rows);
  const byHand = groups.filter(({ selector }) => selector === null);
  const make = async () => {
    setBusy(true);
    try {
      const token = await api().fleet.createJoinToken({
        group: group ?? undefined,
        labels: labels !== undefined && Object.keys(labels).length > 0 ? labels : undefined,
        uses: Number(uses) || 1,
        minutes: Number(minutes),
      });
      void queries.invalidateQueries({ queryKey: ['fleet', 'join-tokens'] });
      onMade(token);
    } catch (error) {
      failed('Could not make the join token', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title="1. Make a join token">
      <Stack gap="md" align="flex-start">
        <Text size="sm" c="dimmed" maw={640}>
          A token lets a machine in once, or as often as you say, and ends by itself. The node begins with the
          group and the labels that you choose here, so the flows of its groups start on it at once.
        </Text>
        <Group align="flex-start" gap="md">
          <Select
            label="Group"
            placeholder={byHand.length === 0 ? 'No group by hand yet' : 'None'}
            data={byHand.map(({ id, name }) => ({ value: id, label: name }))}
            value={group}
            onChange={setGroup}
            clearable
            clearButtonProps={{ 'aria-label': 'No group' }}
            searchable
            w={240}
          />
          <NumberInput
            label="How many nodes"
            min={1}
            max={MOST_USES}
            allowDecimal={false}
            value={uses}
            onChange={setUses}
            w={140}
          />
          <Select
            label="Ends after"
            data={MINUTES}
            value={minutes}
            onChange={(to) => setMinutes(to ?? '60')}
            allowDeselect={false}
            w={140}
          />
        </Group>
        <div>
          <Text size="xs" fw={500} mb={4}>
            Labels
          </Text>
          <LabelsForm rows={rows} onChange={setRows} />
        </div>
        <Button onClick={() => void make()} loading={busy} disabled={labels === undefined}>
          Make the token
        </Button>
      </Stack>
    </Card>
  );
}
