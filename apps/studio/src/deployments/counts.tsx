/** How far a deployment is: one bar, and its parts as counts in words. */
import { Tooltip } from '@mantine/core';
import type { Deployment } from '@millrace/schemas';
import { many } from '../ui/units.js';
import classes from './counts.module.css';
import { partsOf } from './words.js';

export function Counts({ of: targets }: { of: Deployment['targets'] }) {
  const parts = partsOf(targets);
  const said = parts.map(({ word, n }) => `${n} ${word}`).join(', ');
  if (targets.total === 0) return <span className={classes.none}>no nodes</span>;
  return (
    <Tooltip label={`Of ${many(targets.total, 'node')}: ${said}`}>
      <span className={classes.counts}>
        <span className={classes.bar} aria-hidden>
          {parts.map(({ word, is, n }) => (
            <span key={word} data-is={is} style={{ flexGrow: n }} />
          ))}
        </span>
        <span className={classes.said}>
          {targets.succeeded}/{targets.total}
          {targets.failed > 0 && `, ${targets.failed} failed`}
          {targets.offline > 0 && `, ${targets.offline} offline`}
        </span>
      </span>
    </Tooltip>
  );
}
