/** What other rooms may ask the alerts, each in their own transaction. */
import { Injectable } from '@nestjs/common';
import type { SqlTx } from '../platform/database/database.js';
import { AlertsStore, type OpenTally } from './alerts.store.js';

export type { OpenTally } from './alerts.store.js';

@Injectable()
export class AlertsReader {
  constructor(private readonly alerts: AlertsStore) {}

  /** Those that are not cleared, counted by flow, state and severity. */
  open(tx: SqlTx): Promise<OpenTally[]> {
    return this.alerts.open(tx);
  }

  /** How many came in each minute of the time, counted from 1970, by flow. */
  raisedByMinute(tx: SqlTx, from: Date, to: Date): Promise<{ flow: string; minute: number; n: number }[]> {
    return this.alerts.raisedByMinute(tx, from, to);
  }
}
