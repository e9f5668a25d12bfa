/**
 * The modules of one flow, loaded when it starts: kinds and behaviours of its types and no others, found by the folder
 * that a type lies in.
 *
 * Guarantee: the very kinds and behaviours of `kinds.ts` and `behaviours.ts` (a guard compares them); a type that is
 * not among them brings all, so that a check can say which there are.
 */
import { catalogueOf, type Catalogue, type ModuleCategory, type ModuleKind } from '@millrace/flow';
import type { Behaviours, Create } from '@millrace/engine';

const FOLDERS: Record<ModuleCategory, string> = {
  source: 'sources',
  clean: 'clean',
  map: 'map',
  scale: 'scale',
  align: 'align',
  feature: 'features',
  model: 'models',
  route: 'route',
  act: 'acts',
  sink: 'sinks',
  debug: 'debug',
};
const TYPE = /^([a-z]+)\.([A-Za-z0-9]+)$/;

export interface Modules {
  kinds: Catalogue;
  behaviours: Behaviours;
}

export async function loadModules(types: Iterable<string>): Promise<Modules> {
  try {
    const loaded = await Promise.all([...new Set(types)].map(load));
    return {
      kinds: catalogueOf(loaded.map(({ kind }) => kind)),
      behaviours: new Map(loaded.map(({ kind, create }) => [kind.type, create])),
    };
  } catch {
    // Should a module be broken rather than absent, this says so.
    const { kinds, behaviours } = await import('./index.js');
    return { kinds, behaviours };
  }
}

async function load(type: string): Promise<{ kind: ModuleKind; create: Create }> {
  const [, category = '', name] = TYPE.exec(type) ?? [];
  if (!Object.hasOwn(FOLDERS, category)) throw new Error(`no folder of ${type}`);
  const folder = `./${FOLDERS[category as ModuleCategory]}/${name}`;
  const [{ kind }, { create }] = (await Promise.all([
    import(`${folder}/kind.js`),
    import(`${folder}/behaviour.js`),
  ])) as [{ kind: ModuleKind }, { create: Create }];
  return { kind, create };
}
