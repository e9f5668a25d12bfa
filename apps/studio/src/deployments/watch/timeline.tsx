/** What happened to a deployment as a whole, newest first. */
import { Button } from '@mantine/core';
import type { Page, DeploymentMove } from '@millrace/schemas';
import { api } from '../../data/api.js';
import { usePages } from '../../data/pages.js';
import { Card, Loading, WentWrong } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { When } from '../../ui/when.js';
import { STATES } from '../words.js';
import classes from './timeline.module.css';

const LIMIT = 30;

export function Timeline({ id, who }: { id: string; who(actor: string): string }) {
  const pages = usePages<DeploymentMove>(
    ['deployments', 'one', id, 'timeline'],
    (cursor): Promise<Page<DeploymentMove>> => api().deployments.timeline(id, { limit: LIMIT, cursor }),
  );
  return (
    <Card title="Timeline">
      {pages.loading && <Loading lines={2} />}
      {pages.error && pages.items.length === 0 && <WentWrong error={pages.error} retry={pages.retry} />}
      <ol className={classes.moves}>
        {pages.items.map((move) => (
          <li key={move.id}>
            <span className={classes.head}>
              <State is={STATES[move.state].is}>{STATES[move.state].word}</State>
              <span>
                <When at={move.at} />
              </span>
            </span>
            <span className={classes.says}>{move.says}</span>
            <span className={classes.who}>
              wave {move.wave}
              {move.actor !== 'system' && `, ${who(move.actor)}`}
            </span>
          </li>
        ))}
      </ol>
      {pages.more && (
        <Button variant="subtle" onClick={pages.readMore}>
          Show older
        </Button>
      )}
    </Card>
  );
}
