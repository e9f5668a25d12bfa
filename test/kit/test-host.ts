/**
 * The program of a test run with a module that does on purpose what real ones do by misfortune: `debug.tap`, by
 * the first character of its settings. Started by apps/director/src/flows/testing/test-runs.test.ts.
 */
import { spawn } from 'node:child_process';
import type { Create } from '@millrace/engine';
import { behaviours, kinds } from '@millrace/modules';
import { hostTestRun } from '../../apps/director/src/flows/testing/host.js';

const held: unknown[] = [];

const misfortunes: Record<string, () => void> = {
  loops() {
    for (;;);
  },
  heap() {
    for (;;) held.push(Array.from<number>({ length: 500_000 }).fill(0.5));
  },
  buffers() {
    for (;;) held.push(Buffer.alloc(4_000_000, 1));
  },
  throws() {
    throw new Error('thrown by a module');
  },
  exits() {
    process.exit(7);
  },
  children() {
    if (held.length > 0) return;
    held.push(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); "test-host"']));
  },
};

const strange: Create = (context: { host: { flow: { name: string } } }) => ({
  process: () => misfortunes[context.host.flow.name.replace('strange-', '')]?.(),
});

hostTestRun({ kinds, behaviours: new Map([...behaviours, ['debug.tap', strange]]) });
