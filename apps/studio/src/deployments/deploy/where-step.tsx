/** Step two: a group, with the nodes that are in it now. */
import { Anchor, Badge, Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api } from '../../data/api.js';
import { Show } from '../../ui/page.js';
import classes from './deploy.module.css';

const NAMED = 12;

interface WhereStepProps {
  /** Id or name. */
  group: string | undefined;
  onGroup(group: string | undefined): void;
}

export function WhereStep({ group, onGroup }: WhereStepProps) {
  const groups = useQuery({
    queryKey: ['fleet', 'groups', 'sheet'],
    queryFn: () => api().fleet.groups({ limit: 200 }),
  });
  const nodes = useQuery({
    queryKey: ['fleet', 'group', group, 'nodes'],
    queryFn: () => api().fleet.groupNodes(group!, { limit: NAMED + 1 }),
    enabled: group !== undefined,
  });
  return (
    <Show of={groups} lines={1}>
      {({ items }) => {
        const chosen = items.find(({ id, name }) => id === group || name === group);
        return (
          <>
            <Group gap="sm" align="flex-end">
              <Select
                label="Group"
                placeholder="Choose a group"
                searchable
                style={{ flex: 1 }}
                data={items.map(({ id, name }) => ({ value: id, label: name }))}
                value={chosen?.id ?? null}
                onChange={(to) => onGroup(to ?? undefined)}
                nothingFoundMessage="No group is called so"
                error={group !== undefined && chosen === undefined ? `There is no group ${group}` : undefined}
              />
              <Anchor component={Link} href="/nodes/groups?new" size="xs" pb={6}>
                New group
              </Anchor>
            </Group>
            {items.length === 0 && (
              <p className={classes.note}>
                There is no group yet. A group is a choice of nodes, by hand or by their labels.
              </p>
            )}
            {chosen && (
              <p className={classes.note}>
                {chosen.selector !== null ? (
                  <>
                    Nodes with <code>{chosen.selector}</code>, also those that join later.
                  </>
                ) : (
                  'Nodes chosen by hand.'
                )}
              </p>
            )}
            {nodes.data && (
              <Group gap={4} role="list" aria-label="Nodes of the group">
                {nodes.data.items.slice(0, NAMED).map(({ id, name }) => (
                  <Badge
                    key={id}
                    role="listitem"
                    variant="default"
                    size="sm"
                    tt="none"
                    fw={400}
                    title={name}
                    maw={160}
                  >
                    {name}
                  </Badge>
                ))}
                {nodes.data.items.length === 0 && (
                  <span className={classes.note}>
                    No node is in it yet. Nodes that join it get the flow, as long as the deployment stands.
                  </span>
                )}
                {nodes.data.items.length > NAMED && <span className={classes.note}>and more</span>}
              </Group>
            )}
          </>
        );
      }}
    </Show>
  );
}
