/** What can be done to a node as a whole; both ask first. */
import { Button, Group } from '@mantine/core';
import type { Node } from '@millrace/schemas';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { Confirm } from '../ui/confirm.js';
import { done } from '../ui/notify.js';
import { many } from '../ui/units.js';

export function NodeActions({ node }: { node: Node }) {
  const [asking, setAsking] = useState<'revoke' | 'remove'>();
  const [, go] = useLocation();
  const mayWrite = useMay('fleet.write');
  if (!mayWrite) return null;
  const { id, name, status, flows } = node;
  const running = flows.filter(({ runningDigest }) => runningDigest !== null).length;
  const goesOn =
    running === 0
      ? 'It runs nothing.'
      : `The ${many(running, 'flow')} on it run on until somebody stops its agent.`;
  return (
    <Group gap="xs">
      {status !== 'revoked' && (
        <Button variant="default" onClick={() => setAsking('revoke')}>
          Revoke
        </Button>
      )}
      <Button variant="default" c="var(--broken)" onClick={() => setAsking('remove')}>
        Delete
      </Button>
      <Confirm
        opened={asking === 'revoke'}
        onClose={() => setAsking(undefined)}
        title={`Revoke ${name}?`}
        verb="Revoke 1 node"
        act={async () => {
          queries.setQueryData(['fleet', 'node', id], await api().fleet.revokeNode(id));
          void queries.invalidateQueries({ queryKey: ['fleet'] });
          done(`${name} is revoked`);
        }}
      >
        Its identity is taken away for good: it is told nothing new and not heard any more. {goesOn} To come
        back the machine joins anew.
      </Confirm>
      <Confirm
        opened={asking === 'remove'}
        onClose={() => setAsking(undefined)}
        title={`Delete ${name}?`}
        verb="Delete 1 node"
        act={async () => {
          await api().fleet.removeNode(id);
          queries.removeQueries({ queryKey: ['nodes'] });
          done(`${name} is deleted`);
          go('/nodes');
        }}
      >
        Its history and its metrics go with it, and its identity is worth nothing from then on. {goesOn}
      </Confirm>
    </Group>
  );
}
