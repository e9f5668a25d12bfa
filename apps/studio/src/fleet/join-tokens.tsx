/** Tokens that still let nodes in; each can be taken away. */
import { Button, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JoinToken } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { queries } from '../data/queries.js';
import { Confirm } from '../ui/confirm.js';
import { Ident } from '../ui/ident.js';
import { done } from '../ui/notify.js';
import { Card, Show } from '../ui/page.js';
import { many } from '../ui/units.js';
import { useNow, When } from '../ui/when.js';
import { left } from './join-line.js';
import classes from './node.module.css';
import { nameOfGroup, useGroups } from './nodes.js';
import { Chip, Chips, Quiet } from './parts.js';

const READ = 200;

export function JoinTokens() {
  const tokens = useQuery({
    queryKey: ['fleet', 'join-tokens'],
    queryFn: () => api().fleet.joinTokens({ limit: READ }),
  });
  const groups = useGroups().data?.items;
  const mayWrite = useMay('fleet.write');
  const [asking, setAsking] = useState<JoinToken>();
  const now = useNow();
  return (
    <Card title="Open tokens">
      <Show of={tokens} lines={2}>
        {({ items }) => {
          const open = items.filter(
            ({ used, uses, expiresAt }) => used < uses && left(expiresAt, now) !== undefined,
          );
          if (open.length === 0) return <Quiet>None. A token that is used up or over lets nobody in.</Quiet>;
          return (
            <table className={classes.flows}>
              <thead>
                <tr>
                  <th scope="col">Token</th>
                  <th scope="col">Nodes</th>
                  <th scope="col">Group</th>
                  <th scope="col">Labels</th>
                  <th scope="col">Made</th>
                  <th scope="col">Ends in</th>
                  <th scope="col">
                    <VisuallyHidden>Actions</VisuallyHidden>
                  </th>
                </tr>
              </thead>
              <tbody>
                {open.map((token) => (
                  <tr key={token.id}>
                    <td>
                      <Ident id={token.id} label="token id" />
                    </td>
                    <td>
                      {token.used} of {token.uses}
                    </td>
                    <td>{token.group === null ? <Quiet>none</Quiet> : nameOfGroup(groups, token.group)}</td>
                    <td>
                      <Chips>
                        {Object.entries(token.labels).map(([label, value]) => (
                          <Chip key={label}>{`${label}=${value}`}</Chip>
                        ))}
                      </Chips>
                    </td>
                    <td>
                      <When at={token.createdAt} />
                    </td>
                    <td>{left(token.expiresAt, now)}</td>
                    <td align="right">
                      {mayWrite && (
                        <Button variant="default" onClick={() => setAsking(token)}>
                          Take away
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }}
      </Show>
      <Confirm
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title="Take the token away?"
        verb="Take 1 token away"
        act={async () => {
          await api().fleet.removeJoinToken(asking!.id);
          await queries.invalidateQueries({ queryKey: ['fleet', 'join-tokens'] });
          done('The token lets nobody in any more');
        }}
      >
        {asking &&
          `It would let in ${many(asking.uses - asking.used, 'more node', 'more nodes')}; from now on it lets in none. Nodes that joined with it stay.`}
      </Confirm>
    </Card>
  );
}
