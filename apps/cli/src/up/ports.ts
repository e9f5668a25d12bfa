/**
 * Ports of `millrace up`. A port that was picked is kept for the data folder, so that nodes find their director
 * again after a restart, as long as nobody else has taken it.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readJson, writeAtomically } from '@millrace/blobs';
import { z } from 'zod';

const Ports = z.object({ port: z.number().int(), mqttPort: z.number().int() });
export type Ports = z.infer<typeof Ports>;

const fileIn = (folder: string): string => join(folder, 'ports.json');

/** What is given goes first, then what was used before, then a free one. 0 lets the system pick. */
export async function choosePorts(
  folder: string,
  host: string,
  given: { port: number; mqttPort: number | undefined },
): Promise<Ports> {
  const kept = Ports.safeParse(await readJson(fileIn(folder)).catch(() => undefined));
  const before = kept.success ? kept.data : undefined;
  const free = async (port: number | undefined) => port !== undefined && (await isFree(port, host));
  const port = given.port === 0 && (await free(before?.port)) ? before!.port : given.port;
  if (given.mqttPort !== undefined && given.mqttPort !== 0) return { port, mqttPort: given.mqttPort };
  if (await free(before?.mqttPort)) return { port, mqttPort: before!.mqttPort };
  const usual = given.port !== 0 && given.mqttPort === undefined && (await free(1883));
  return { port, mqttPort: usual ? 1883 : 0 };
}

export async function keepPorts(folder: string, ports: Ports): Promise<void> {
  await writeAtomically(fileIn(folder), `${JSON.stringify(ports)}\n`);
}

export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
