/** What a module's card shows, from the document and the module's kind. Pure. */
import { DEFAULT_PORT, ERROR_PORT, type ModuleCategory, type ModuleKind } from '@millrace/flow';
import type { FlowModule } from '@millrace/schemas';

/** Pixels of the canvas. */
export const CARD = { width: 200, height: 56, live: 34, port: 22 } as const;

export interface Ports {
  input: boolean;
  outputs: readonly string[];
}

const HUES: Readonly<Record<ModuleCategory, string>> = {
  source: '--source',
  clean: '--prepare',
  map: '--prepare',
  scale: '--prepare',
  align: '--shape',
  feature: '--shape',
  model: '--model',
  route: '--act',
  act: '--act',
  sink: '--sink',
  debug: '--debug',
};

/** The token of a category's hue; a type that nobody knows has none. */
export const hueOf = (category: ModuleCategory | undefined): string =>
  category === undefined ? '--line' : HUES[category];

/** Of a type that nobody knows: an input, and the ports that others take from it. */
export function portsOf(
  module: FlowModule,
  kind: ModuleKind | undefined,
  taken: readonly string[] = [],
): Ports {
  const known = kind?.outputs ?? [DEFAULT_PORT];
  const error = module.onError === 'port' ? [ERROR_PORT] : [];
  // A wire from a port that is not there stays in sight, so that it can be mended.
  const outputs = [...new Set([...known, ...error, ...taken])];
  return { input: kind?.inputs !== 'none' || (module.from ?? []).length > 0, outputs };
}

/** The main settings as one line: `TS1, min 0, max 120`. */
export function lineOf(module: FlowModule, kind: ModuleKind | undefined): string {
  const settings = module.settings ?? {};
  const order = kind === undefined ? [] : Object.keys(kind.settings.shape);
  const names = [...order, ...Object.keys(settings)].filter(
    (name, index, all) => Object.hasOwn(settings, name) && all.indexOf(name) === index,
  );
  const said: string[] = [];
  for (const name of names) {
    const value = inShort(settings[name]);
    if (value === undefined) continue;
    said.push(said.length === 0 && typeof settings[name] !== 'number' ? value : `${name} ${value}`);
    if (said.length === PARTS) break;
  }
  return said.join(', ');
}

const PARTS = 3;
const NAMES = 4;

function inShort(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value === '' ? undefined : value.replace(/^resource:/, '').replace(/#sha256:.*$/, '');
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const names = value.map(nameIn).filter((name) => name !== undefined);
    if (names.length === 0) return undefined;
    return names.slice(0, NAMES).join(' ') + (names.length > NAMES ? ` +${names.length - NAMES}` : '');
  }
  return undefined;
}

function nameIn(item: unknown): string | undefined {
  if (typeof item === 'string' || typeof item === 'number') return String(item);
  if (typeof item !== 'object' || item === null) return undefined;
  const { name, field, as } = item as { name?: unknown; field?: unknown; as?: unknown };
  return [name, field, as].find((one) => typeof one === 'string') as string | undefined;
}

export function heightOf(outputs: number, live: boolean): number {
  return Math.max(CARD.height, outputs * CARD.port + 8) + (live ? CARD.live : 0);
}
