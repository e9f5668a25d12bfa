/** Small pieces of the fleet's pages: the tabs of the room, chips, a state with its since. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { State } from '../ui/state.js';
import { relative, useNow } from '../ui/when.js';
import classes from './fleet.module.css';
import type { Stands } from './standing.js';

export function FleetTabs({ here }: { here: 'nodes' | 'groups' }) {
  return (
    <nav className={classes.tabs} aria-label="Fleet">
      <Link href="/nodes" className={classes.tab} aria-current={here === 'nodes' ? 'page' : undefined}>
        Nodes
      </Link>
      <Link
        href="/nodes/groups"
        className={classes.tab}
        aria-current={here === 'groups' ? 'page' : undefined}
      >
        Groups
      </Link>
    </nav>
  );
}

export function StandsAs({ as: { is, says, since }, soft }: { as: Stands; soft?: boolean }) {
  return (
    <State is={is} soft={soft}>
      {says}
      {since !== undefined && (
        <>
          , <Ago at={since} />
        </>
      )}
    </State>
  );
}

export const Chips = ({ children }: { children: ReactNode }) => (
  <span className={classes.chips}>{children}</span>
);

export function Chip({ children, kind }: { children: string; kind?: 'changing' | 'look' }) {
  return (
    <span
      className={classes.chip}
      title={children}
      data-changing={kind === 'changing' || undefined}
      data-look={kind === 'look' || undefined}
    >
      {children}
    </span>
  );
}

export const Quiet = ({ children }: { children: ReactNode }) => (
  <span className={classes.quiet}>{children}</span>
);

/** A time in a row of a long list: lighter than `When`, of which thousands would scroll by. */
export function Ago({ at }: { at: string | null }) {
  const now = useNow();
  if (at === null) return <span>never</span>;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {relative(Date.parse(at), now)}
    </time>
  );
}
