/** Raised, acknowledged, cleared: when, and by whom. */
import type { Alert } from '@millrace/schemas';
import { State } from '../ui/state.js';
import { duration } from '../ui/units.js';
import { When } from '../ui/when.js';
import { useActors } from '../data/actors.js';
import classes from './alerts.module.css';

/** The way from the node takes this much at most when it is connected. */
const AT_ONCE_MS = 5_000;

export function AlertHistory({ alert }: { alert: Alert }) {
  const nameOf = useActors();
  const { t, receivedAt, acknowledgedAt, acknowledgedBy, clearedT, clearedAt } = alert;
  const late = Date.parse(receivedAt) - t;
  return (
    <ol className={classes.history}>
      <li>
        <State is="look">Raised</State>
        <When at={t} />
        <span>
          {late > AT_ONCE_MS
            ? `by the flow; it arrived ${duration(late)} later, the node had kept it`
            : 'by the flow'}
        </span>
      </li>
      {acknowledgedAt !== null && (
        <li>
          <State is="busy">Acknowledged</State>
          <When at={acknowledgedAt} />
          <span>{acknowledgedBy === null ? '' : `by ${nameOf(acknowledgedBy)}`}</span>
        </li>
      )}
      {clearedAt !== null && (
        <li>
          <State is="good">Cleared</State>
          <When at={clearedT ?? clearedAt} />
          <span>by the flow{clearedT === null ? '' : `, after ${duration(Math.max(0, clearedT - t))}`}</span>
        </li>
      )}
    </ol>
  );
}
