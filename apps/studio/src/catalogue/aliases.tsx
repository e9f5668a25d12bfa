/** The aliases of a resource: where each stands, whether it is guarded, every move that it made, and moving it. */
import { Badge, Button, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Alias, ResourceVersion } from '@millrace/schemas';
import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { Confirm } from '../ui/confirm.js';
import { done } from '../ui/notify.js';
import { Card, Show } from '../ui/page.js';
import { When } from '../ui/when.js';
import { AliasHistory } from './alias-history.js';
import { AliasMove } from './alias-move.js';
import classes from './resource-page.module.css';

interface AliasesProps {
  name: string;
  versions: readonly ResourceVersion[];
  onPromote(alias: string): void;
}

export function Aliases({ name, versions, onPromote }: AliasesProps) {
  const aliases = useQuery({
    queryKey: ['catalogue', 'aliases', name],
    queryFn: () => api().catalogue.aliases(name),
  });
  const [moving, setMoving] = useState<Alias | 'new'>();
  const [guarding, setGuarding] = useState<Alias>();
  const mayMove = useMay('catalogue.promote');
  return (
    <Card
      title="Aliases"
      actions={
        mayMove &&
        versions.length > 0 && (
          <Button variant="subtle" onClick={() => setMoving('new')}>
            New alias
          </Button>
        )
      }
    >
      <Show of={aliases} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              An alias, such as production, is a name that moves from version to version. Flows that name it
              get what it stands for when they are published.
            </Text>
          ) : (
            <ul className={classes.aliases}>
              {items.map((alias) => (
                <Line
                  key={alias.alias}
                  name={name}
                  alias={alias}
                  onMove={mayMove && !alias.approval ? () => setMoving(alias) : undefined}
                  onGuard={() => setGuarding(alias)}
                  onPromote={() => onPromote(alias.alias)}
                />
              ))}
            </ul>
          )
        }
      </Show>
      {moving && (
        <AliasMove name={name} alias={moving} versions={versions} onClose={() => setMoving(undefined)} />
      )}
      {guarding && <Guard name={name} alias={guarding} onClose={() => setGuarding(undefined)} />}
    </Card>
  );
}

interface LineProps {
  name: string;
  alias: Alias;
  /** Undefined: not by hand. */
  onMove: (() => void) | undefined;
  onGuard(): void;
  onPromote(): void;
}

function Line({ name, alias, onMove, onGuard, onPromote }: LineProps) {
  const [opened, setOpened] = useState(false);
  const nameOf = useActors();
  const mayGuard = useMay('promotions.approve');
  const mayPromote = useMay('promotions.write');
  const named = (verb: string) => `${verb} ${alias.alias}`;
  return (
    <li>
      <div className={classes.alias}>
        <Badge variant="light" tt="none" fw={500}>
          {alias.alias} @{alias.version}
        </Badge>
        {alias.approval && (
          <Badge
            variant="default"
            tt="none"
            fw={500}
            leftSection={<ShieldCheck size={12} aria-hidden />}
            title="It moves by promotions alone, each approved by somebody else"
          >
            guarded
          </Badge>
        )}
        <span className={classes.meta}>
          moved <When at={alias.movedAt} /> by <span title={alias.movedBy}>{nameOf(alias.movedBy)}</span>
        </span>
        <Button
          variant="subtle"
          aria-expanded={opened}
          aria-label={`History of ${alias.alias}`}
          onClick={() => setOpened(!opened)}
        >
          History
        </Button>
        {mayPromote && (
          <Button variant="subtle" aria-label={`Promote to ${alias.alias}`} onClick={onPromote}>
            Promote
          </Button>
        )}
        {onMove && (
          <Button variant="subtle" aria-label={named('Move')} onClick={onMove}>
            Move
          </Button>
        )}
        {mayGuard && (
          <Button
            variant="subtle"
            aria-label={named(alias.approval ? 'Stop guarding' : 'Guard')}
            onClick={onGuard}
          >
            {alias.approval ? 'Stop guarding' : 'Guard'}
          </Button>
        )}
      </div>
      {opened && <AliasHistory name={name} alias={alias} />}
    </li>
  );
}

function Guard({
  name,
  alias: { alias, approval },
  onClose,
}: {
  name: string;
  alias: Alias;
  onClose(): void;
}) {
  const queries = useQueryClient();
  return (
    <Confirm
      opened
      onClose={onClose}
      title={approval ? `Stop guarding ${alias}?` : `Guard ${alias}?`}
      verb={approval ? 'Stop guarding' : 'Guard'}
      harmless={!approval}
      act={async () => {
        await api().catalogue.changeAlias(name, alias, { approval: !approval });
        done(`${name}@${alias} moves ${approval ? 'freely' : 'by approved promotions alone'}.`);
        await Promise.all(
          ['catalogue', 'deployments'].map((room) => queries.invalidateQueries({ queryKey: [room] })),
        );
      }}
    >
      <Text size="sm">
        {approval
          ? `Whoever may move aliases can point ${alias} elsewhere by hand again, and a promotion needs nobody else.`
          : `From then on ${alias} of ${name} moves by promotions alone, and each begins only when somebody else has approved it.`}
      </Text>
    </Confirm>
  );
}
