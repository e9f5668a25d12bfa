/** A state as icon, word and colour: never colour alone. */
import { AlertTriangle, CheckCircle2, CircleDashed, LoaderCircle, XCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import classes from './state.module.css';

/** good: runs as desired; busy: on its way; look: needs a look; broken; off: offline or not known. */
export type Standing = 'good' | 'busy' | 'look' | 'broken' | 'off';

const icons = {
  good: CheckCircle2,
  busy: LoaderCircle,
  look: AlertTriangle,
  broken: XCircle,
  off: CircleDashed,
} as const;

export function State({ is, children, soft }: { is: Standing; children: ReactNode; soft?: boolean }) {
  const Icon = icons[is];
  return (
    <span className={classes.state} data-is={is} data-soft={soft || undefined}>
      <Icon size={14} aria-hidden />
      <span>{children}</span>
    </span>
  );
}
