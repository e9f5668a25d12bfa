/** What may be asked of a promotion now; each asks first, and says what it does to how many. */
import { Button, Group, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import type { PromotionAction } from '@millrace/fleet';
import type { Promotion } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../../data/api.js';
import { useMay, useMe } from '../../data/me.js';
import { queries } from '../../data/queries.js';
import { Confirm } from '../../ui/confirm.js';
import { done } from '../../ui/notify.js';
import { Allowed } from '../allowed.js';
import { deedOf, isOwn, titleOf } from './words.js';

/** The order of the row; an action that is not here is not known to this studio. */
const ORDER: readonly PromotionAction[] = ['approve', 'reject', 'revert'];
const DONE: Readonly<Record<PromotionAction, string>> = {
  approve: 'Approved',
  reject: 'Rejected',
  revert: 'Taken back',
};

export function PromotionButtons({ promotion }: { promotion: Promotion }) {
  const me = useMe();
  const mayApprove = useMay('promotions.approve');
  const [asking, setAsking] = useState<PromotionAction>();
  const [note, setNote] = useState('');
  const act = async (action: PromotionAction) => {
    const { promotions } = api();
    const { id } = promotion;
    await (action === 'reject' ? promotions.reject(id, note.trim() || undefined) : promotions[action](id));
    done(`${DONE[action]}: ${titleOf(promotion)}`);
    await Promise.all(
      ['deployments', 'catalogue'].map((room) => queries.invalidateQueries({ queryKey: [room] })),
    );
  };
  const own = isOwn(promotion, me);
  const asked = asking && deedOf(asking, promotion);
  return (
    <Group gap="xs">
      {ORDER.filter((action) => promotion.actions.includes(action)).map((action) => {
        const { label, says, needs } = deedOf(action, promotion);
        const isMine = action === 'approve' && own && mayApprove;
        const button = (
          <Button
            variant={action === 'approve' ? 'filled' : 'default'}
            disabled={isMine}
            onClick={() => setAsking(action)}
          >
            {label}
          </Button>
        );
        return isMine ? (
          <Tooltip key={action} label="You asked for it yourself: somebody else approves" multiline maw={320}>
            <span>{button}</span>
          </Tooltip>
        ) : (
          <Allowed key={action} to={needs} hint={says}>
            {button}
          </Allowed>
        );
      })}
      <Confirm
        opened={asked !== undefined}
        onClose={() => setAsking(undefined)}
        title={asked?.title ?? ''}
        verb={asked?.label ?? ''}
        harmless={asking === 'approve'}
        act={() => act(asking!)}
      >
        <Stack gap="sm">
          <Text size="sm">{asked?.says}</Text>
          {asking === 'reject' && (
            <Textarea
              label="Note"
              description="Why; kept with it"
              autosize
              maxLength={10_000}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
          )}
        </Stack>
      </Confirm>
    </Group>
  );
}
