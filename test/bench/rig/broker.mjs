// The broker of a benchmark, in a process of its own: Mosquitto, or where a machine has none the embedded one.
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startProcess } from './process.mjs';

register('../../kit/typescript-hooks.mjs', import.meta.url);
const { findMosquitto, startAedes, startMosquitto } = await import('../../kit/brokers.ts');
const self = fileURLToPath(import.meta.url);

export async function startBroker() {
  if (findMosquitto()) {
    const { tcp, close } = await startMosquitto();
    return { name: 'mosquitto', port: tcp, close };
  }
  console.error('there is no mosquitto here: measured through the embedded broker, in a process of its own');
  const said = /listens on (\d+)/;
  const broker = await startProcess({ args: [self], ready: (log) => said.test(log) });
  return { name: 'aedes', port: Number(said.exec(broker.log())[1]), close: broker.stop };
}

if (process.argv[1] === self) console.log(`listens on ${(await startAedes()).tcp}`);
