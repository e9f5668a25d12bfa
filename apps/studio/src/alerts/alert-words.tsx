/** Severity and state of an alert, each as icon, word and colour. */
import type { Alert, AlertState } from '@millrace/schemas';
import { State, type Standing } from '../ui/state.js';

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export const STATES = ['raised', 'acknowledged', 'cleared'] as const;

const OF_SEVERITY: Readonly<Record<Alert['severity'], Standing>> = {
  critical: 'broken',
  high: 'broken',
  medium: 'look',
  low: 'off',
  info: 'off',
};
const OF_STATE: Readonly<Record<AlertState, Standing>> = {
  raised: 'look',
  acknowledged: 'busy',
  cleared: 'good',
};

export const SeverityIs = ({ of, soft }: { of: Alert['severity']; soft?: boolean }) => (
  <State is={OF_SEVERITY[of]} soft={soft}>
    {of}
  </State>
);

export const AlertIs = ({ of, soft }: { of: AlertState; soft?: boolean }) => (
  <State is={OF_STATE[of]} soft={soft}>
    {of}
  </State>
);
