/** A number that leads somewhere. */
import { Link } from 'wouter';
import type { ReactNode } from 'react';
import type { Standing } from './state.js';
import classes from './tile.module.css';

interface TileProps {
  to: string;
  label: string;
  value: ReactNode;
  /** One line below: of how many, what else. */
  note?: ReactNode;
  is?: Standing;
}

export function Tile({ to, label, value, note, is }: TileProps) {
  return (
    <Link href={to} className={classes.tile} data-is={is}>
      <span className={classes.label}>{label}</span>
      <span className={classes.value}>{value}</span>
      <span className={classes.note}>{note ?? ' '}</span>
    </Link>
  );
}
