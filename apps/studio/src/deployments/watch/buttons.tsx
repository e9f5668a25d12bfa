/** What may be asked of a deployment now; each button says what it does to how many. */
import { Button, Group, Radio, Stack } from '@mantine/core';
import type { Action } from '@millrace/fleet';
import type { Deployment } from '@millrace/schemas';
import { useState } from 'react';
import { Link } from 'wouter';
import { api } from '../../data/api.js';
import { queries } from '../../data/queries.js';
import { Confirm } from '../../ui/confirm.js';
import { done, failed } from '../../ui/notify.js';
import { many } from '../../ui/units.js';
import { Allowed } from '../allowed.js';
import { deedOf } from '../words.js';

/** The order of the row; an action that is not here is not known to this studio. */
const ORDER: readonly Action[] = ['pause', 'resume', 'retry', 'rollback', 'abort'];
const DONE: Readonly<Record<Action, string>> = {
  pause: 'Paused',
  resume: 'It goes on',
  retry: 'What failed tries again',
  rollback: 'Rolled back',
  abort: 'Aborted',
};

export function Buttons({ deployment, before }: { deployment: Deployment; before: number | undefined }) {
  const [asking, setAsking] = useState<Action>();
  const [busy, setBusy] = useState<Action>();
  const [nodes, setNodes] = useState<'keep' | 'revert'>('keep');
  const act = async (action: Action) => {
    const { deployments } = api();
    const { id } = deployment;
    await (action === 'abort' ? deployments.abort(id, nodes) : deployments[action](id));
    done(`${DONE[action]}: ${deployment.flow}@${deployment.version}`);
    await queries.invalidateQueries({ queryKey: ['deployments'] });
  };
  const press = async (action: Action) => {
    if (deedOf(action, deployment, before).dangerous) return setAsking(action);
    setBusy(action);
    await act(action).catch((error: unknown) => failed(`Could not ${action} the deployment`, error));
    setBusy(undefined);
  };
  const shown = ORDER.filter((action) => deployment.actions.includes(action));
  const reached = deployment.targets.succeeded + deployment.targets.working;
  const asked = asking && deedOf(asking, deployment, before);
  return (
    <Group gap="xs">
      {shown.map((action) => {
        const deed = deedOf(action, deployment, before);
        return (
          <Allowed key={action} to="deployments.write" hint={deed.says}>
            <Button
              variant="default"
              color={deed.dangerous ? 'red' : undefined}
              loading={busy === action}
              onClick={() => void press(action)}
            >
              {deed.label}
            </Button>
          </Allowed>
        );
      })}
      {deployment.endedAt !== null && (
        <Allowed to="deployments.write">
          <Button variant="default" component={Link} href={againOf(deployment)}>
            Deploy again
          </Button>
        </Allowed>
      )}
      <Confirm
        opened={asked !== undefined}
        onClose={() => setAsking(undefined)}
        title={asked?.title ?? ''}
        verb={asking === 'abort' && nodes === 'revert' ? 'Abort and put back' : (asked?.label ?? '')}
        act={() => act(asking!)}
      >
        <Stack gap="sm">
          <span>{asked?.says}</span>
          {asking === 'abort' && reached > 0 && (
            <Radio.Group
              label={`${many(reached, 'node')} that ${reached === 1 ? 'has it or is' : 'have it or are'} at work`}
              value={nodes}
              onChange={(to) => setNodes(to === 'revert' ? 'revert' : 'keep')}
            >
              <Stack gap={4} mt={4}>
                <Radio value="keep" label="keep what they have" />
                <Radio value="revert" label="get back what they ran before" />
              </Stack>
            </Radio.Group>
          )}
        </Stack>
      </Confirm>
    </Group>
  );
}

const againOf = ({ flow, version, group }: Deployment): string =>
  `/deployments?${new URLSearchParams({ new: '', flow, version: String(version), group })}`;
