/**
 * A flow from its start to its end.
 *
 * Guarantee: when this is done, all that was opened is closed, also after a failed start. The first signal stops
 * the flow cleanly, the second ends the process at once.
 */
import type { FlowRun } from '@millrace/engine';
import { paint, talk } from '../output/talk.js';

/** Resolves to false when a signal ended it. `up` is called once everything runs. */
export async function toTheEnd(run: FlowRun, up: () => void = () => {}): Promise<boolean> {
  let told = false;
  const stop = () => {
    if (told) process.exit(130);
    told = true;
    talk('stopping: what was taken still leaves; press again to end at once');
    void run.stop();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    await run.start();
    up();
    await run.finished;
    return !told;
  } finally {
    await run.stop().catch(() => undefined);
    for (const signal of signals) process.off(signal, stop);
  }
}

/** What a flow says while it runs, as talk. */
export function toldBy(level: 'info' | 'warn' | 'error', module: string, message: string): void {
  talk(`${level === 'info' ? '' : `${paint(level, 'yellow')}: `}${module}: ${message}`);
}
