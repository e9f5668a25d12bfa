/** What happened to a deployment as a whole, newest first. */
import { Button } from '@mantine/core';
import type { DeploymentMove } from '@millrace/schemas';
import type { Pages } from '../../data/pages.js';
import { Card, Loading, WentWrong } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { When } from '../../ui/when.js';
import { sentence, STATES } from '../words.js';
import classes from './timeline.module.css';

interface TimelineProps {
  moves: Pages<DeploymentMove>;
  says(text: string): string;
  who(actor: string): string;
}

export function Timeline({ moves, says, who }: TimelineProps) {
  return (
    <Card title="Timeline">
      {moves.loading && <Loading lines={2} />}
      {moves.error && moves.items.length === 0 && <WentWrong error={moves.error} retry={moves.retry} />}
      <ol className={classes.moves}>
        {moves.items.map((move) => (
          <li key={move.id}>
            <span className={classes.when}>
              <When at={move.at} />
            </span>
            <State is={STATES[move.state].is}>{STATES[move.state].word}</State>
            <span className={classes.says}>{sentence(says(move.says))}</span>
            <span className={classes.who}>
              wave {move.wave}
              {move.actor !== 'system' && `, ${who(move.actor)}`}
            </span>
          </li>
        ))}
      </ol>
      {moves.more && (
        <Button variant="subtle" onClick={moves.readMore}>
          Show older
        </Button>
      )}
    </Card>
  );
}
