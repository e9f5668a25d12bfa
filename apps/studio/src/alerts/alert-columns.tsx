/** What the list of alerts shows of each. */
import type { Alert } from '@millrace/schemas';
import type { ReactNode } from 'react';
import type { Column } from '../ui/list.js';
import { value } from '../ui/units.js';
import { When } from '../ui/when.js';
import { AlertIs, SeverityIs } from './alert-words.js';
import classes from './alerts.module.css';
import { mainValue } from './shown-values.js';

/** What came within this time slides in. */
const FRESH_MS = 5_000;

const Slides = ({ alert, children }: { alert: Alert; children: ReactNode }) => (
  <span className={Date.now() - Date.parse(alert.receivedAt) < FRESH_MS ? classes.slides : undefined}>
    {children}
  </span>
);

const text = (of: string) => <span title={of}>{of}</span>;

export const alertColumns: readonly Column<Alert>[] = [
  {
    key: 'time',
    title: 'Time',
    width: '92px',
    cell: (alert) => (
      <Slides alert={alert}>
        <When at={alert.t} />
      </Slides>
    ),
  },
  {
    key: 'severity',
    title: 'Severity',
    width: '88px',
    cell: ({ severity }) => <SeverityIs of={severity} />,
  },
  {
    key: 'message',
    title: 'Message',
    width: 'minmax(180px, 3.5fr)',
    cell: ({ message }) => (
      <span className={classes.message} title={message}>
        {message}
      </span>
    ),
  },
  {
    key: 'value',
    title: 'Value',
    width: 'minmax(90px, 1fr)',
    cell: (alert) => {
      const main = mainValue(alert);
      if (main === undefined) return null;
      const said = `${main.name} ${value(main.value)}`;
      return text(said);
    },
  },
  { key: 'node', title: 'Node', width: 'minmax(80px, 1fr)', cell: ({ nodeName }) => text(nodeName) },
  { key: 'flow', title: 'Flow', width: 'minmax(90px, 1.2fr)', cell: ({ flow }) => text(flow) },
  { key: 'state', title: 'State', width: '116px', cell: ({ state }) => <AlertIs of={state} /> },
  {
    key: 'version',
    title: 'Version',
    width: '64px',
    extra: true,
    cell: ({ version }) => version,
  },
  {
    key: 'module',
    title: 'Module',
    width: 'minmax(80px, 1fr)',
    extra: true,
    cell: ({ module }) => text(module),
  },
  { key: 'key', title: 'Key', width: '90px', extra: true, cell: ({ key }) => text(key ?? '') },
];
