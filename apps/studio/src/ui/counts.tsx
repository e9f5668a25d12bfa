/** Quick filters of a list that say how many each chooses, and the bar of what can be done with what is marked. */
import type { ReactNode } from 'react';
import classes from './counts.module.css';

export function Counts({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.counts} role="group" aria-label={label}>
      {children}
    </div>
  );
}

export function Count({ on, onClick, children }: { on: boolean; onClick(): void; children: ReactNode }) {
  return (
    <button type="button" className={classes.count} aria-pressed={on} onClick={onClick}>
      {children}
    </button>
  );
}

export function MarkedBar({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.bar} role="toolbar" aria-label={label}>
      {children}
    </div>
  );
}
