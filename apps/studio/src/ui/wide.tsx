/** What may be wider than its place, such as a table on a small screen: it scrolls by itself, by the keyboard too. */
import type { ReactNode } from 'react';
import classes from './page.module.css';

export function Wide({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.wide} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
