/** The wires of a module in words. Pure. */
import { DEFAULT_PORT, wireFrom } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';

/** As a flow writes it: `pump`, `pump.late`. */
export const portWord = (module: string, port: string): string =>
  port === DEFAULT_PORT ? module : `${module}.${port}`;

/** Where each port leads; a port that others take from and that is not there is among them. */
export function leadingTo(
  { modules }: Pick<FlowDocument, 'modules'>,
  id: string,
  ports: readonly string[],
): { port: string; to: string[] }[] {
  const to = new Map<string, string[]>(ports.map((port) => [port, []]));
  for (const [other, { from = [] }] of Object.entries(modules)) {
    for (const text of from) {
      const wire = wireFrom(text);
      if (wire.from !== id) continue;
      to.set(wire.port, [...(to.get(wire.port) ?? []), other]);
    }
  }
  return [...to].map(([port, modulesBehind]) => ({ port, to: modulesBehind }));
}
