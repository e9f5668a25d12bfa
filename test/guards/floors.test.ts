/** Arrows only go down: packages by floor, rooms of the director by order, files without a cycle, names that say something. */
import { basename, dirname } from 'node:path/posix';
import { code, importsOf, isTest, packageOf, pathsOf, read, target, type Sources } from '../kit/sources.js';

/** docs/tour.md draws the same picture. */
const FLOORS = [
  ['schemas'],
  ['flow', 'fleet', 'blobs', 'transport', 'client'],
  ['engine', 'inference'],
  ['modules'],
  ['dataset'],
  ['director', 'agent', 'studio'],
  ['cli'],
];
const floorOf = (name: string) => FLOORS.findIndex((floor) => floor.includes(name));

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  references: string[];
}
type Manifests = ReadonlyMap<string, Manifest>;

const sources = code();
const manifests: Manifests = new Map(
  pathsOf(/^(libs|apps)\/[^/]+\/package\.json$/).map((path) => {
    const folder = dirname(path);
    const project = JSON.parse(read(`${folder}/tsconfig.json`)) as { references?: { path: string }[] };
    const references = (project.references ?? []).map((reference) => basename(reference.path));
    return [folder, { ...(JSON.parse(read(path)) as Manifest), references }];
  }),
);

/** Used by what is generated, which the guards do not read. */
const BY_GENERATED = ['@prisma/client'];

/** `@millrace/x` as `x`, for the workspaces among the dependencies. */
const workspacesIn = (names: Iterable<string>) =>
  [...names].filter((name) => name.startsWith('@millrace/')).map((name) => name.slice('@millrace/'.length));

function floorFaults(all: Manifests, files: Sources): string[] {
  return [...all].flatMap(([folder, manifest]) => {
    const own = basename(folder);
    const declared = Object.keys(manifest.dependencies ?? {});
    // A bundler's configuration runs at the build and is no part of the package.
    const written = [...files].filter(
      ([path]) => path.startsWith(`${folder}/`) && !isTest(path) && !path.endsWith('/vite.config.ts'),
    );
    const text = written.map(([, one]) => one).join('\n');
    const imported = new Set(
      written.flatMap(([, one]) => importsOf(one).flatMap(({ from }) => packageOf(from) ?? [])),
    );
    imported.delete(manifest.name);
    const up = workspacesIn(new Set([...declared, ...imported])).filter((to) => floorOf(to) >= floorOf(own));
    const references = manifest.references.toSorted();
    return [
      ...(floorOf(own) < 0 ? [`${folder} has no floor`] : []),
      ...up.map((to) => `${folder} reaches up to ${to}`),
      ...[...imported]
        .filter((name) => !declared.includes(name))
        .map((name) => `${folder} does not declare ${name}`),
      ...workspacesIn(declared)
        .filter((to) => !imported.has(`@millrace/${to}`))
        .map((to) => `${folder} does not use @millrace/${to}`),
      ...declared
        .filter((name) => !name.startsWith('@millrace/') && !text.includes(name) && !isNeeded(name, declared))
        .map((name) => `${folder} does not use ${name}`),
      ...(references.join() === workspacesIn(declared).toSorted().join()
        ? []
        : [`${folder}/tsconfig.json refers to ${references.join(', ')}, not to its dependencies`]),
    ];
  });
}

/** By what is generated, or by another dependency that asks for it to be installed beside. */
function isNeeded(name: string, declared: string[]): boolean {
  if (BY_GENERATED.includes(name)) return true;
  return declared.some((other) => {
    if (other.startsWith('@millrace/')) return false;
    const manifest = JSON.parse(read(`node_modules/${other}/package.json`)) as { peerDependencies?: object };
    return name in (manifest.peerDependencies ?? {});
  });
}

const ORDER = ['platform', 'access', 'flows catalogue fleet', 'deployments', 'alerts', 'overview'];
const orderOf = (room: string) => ORDER.findIndex((rooms) => rooms.split(' ').includes(room));

/**
 * What other rooms may touch besides readers and modules, each with its reason: a port that a higher room fills, a
 * door that all listeners share, a rule without state. Everything else is asked of a reader.
 */
const OPEN: Record<string, string> = {
  'catalogue/locked-runtimes.ts': 'keeps the runtime that requirements of a flow were locked to',
  'catalogue/resource-users.ts': 'a port that the flows fill: what a version is used for',
  'catalogue/bytes-in-use.ts': 'a port that the deployments fill: what nodes run',
  'catalogue/alias-moves.ts': 'moves an alias, in the transaction of a promotion',
  'flows/publication.ts': 'draws up and keeps a version, in the transaction of a promotion',
  'flows/flow-usage.ts': 'a port that the deployments fill: what a flow is used for',
  'fleet/group-users.ts': 'a port that the deployments fill: what a group is used for',
  'fleet/node-link.ts':
    'the one line to the broker, on which every room hears and publishes its own channels',
  'fleet/presence.ts': 'whoever hears a node says so: each message is a sign of life',
  'fleet/reports.ts': 'takes a report in, in the transaction of the room that acts on it',
  'fleet/changes.ts': 'the name of a wake-up',
  'fleet/minutes.ts': 'a rule without state: which minutes an hour shows',
  'fleet/selectors.ts': 'a rule without state: how a selector is read',
  'fleet/node-text.ts': 'a rule without state: what PostgreSQL can hold',
};

function roomFaults(files: Sources, open: Record<string, string>): string[] {
  const place = /^apps\/director\/src\/([^/]+)\/(.+)$/;
  const used = new Set<string>();
  const edges = new Map<string, Set<string>>();
  const faults = [...files].flatMap(([path, text]) => {
    const room = place.exec(path)?.[1];
    if (room === undefined || isTest(path)) return [];
    if (orderOf(room) < 0) return [`${path}: ${room} is no room`];
    return importsOf(text).flatMap(({ from }) => {
      const to = target(path, from, files);
      const [, other, file = ''] = (to && place.exec(to)) || [];
      if (other === undefined || other === room) return [];
      edges.set(room, (edges.get(room) ?? new Set()).add(other));
      if (orderOf(other) > orderOf(room)) return [`${path} reaches up to ${other}/${file}`];
      if (orderOf(other) < 2 || /\.(reader|module)\.ts$/.test(file)) return [];
      used.add(`${other}/${file}`);
      return `${other}/${file}` in open ? [] : [`${path} goes into ${other}/${file}, which is no reader`];
    });
  });
  const idle = Object.keys(open).filter((file) => !used.has(file));
  return [
    ...faults,
    ...idle.map((file) => `${file} is open, but nobody goes there`),
    ...cyclesOf(edges).map((cycle) => `rooms in a circle: ${cycle.join(' -> ')}`),
  ];
}

/** Every circle once, from the first of its members that was met. */
function cyclesOf(graph: ReadonlyMap<string, Iterable<string>>): string[][] {
  const done = new Set<string>();
  const way: string[] = [];
  const found: string[][] = [];
  const visit = (one: string) => {
    if (way.includes(one)) found.push([...way.slice(way.indexOf(one)), one]);
    if (done.has(one) || way.includes(one)) return;
    way.push(one);
    for (const next of graph.get(one) ?? []) visit(next);
    way.pop();
    done.add(one);
  };
  for (const one of graph.keys()) visit(one);
  return found;
}

/** By what remains after compiling: types may know each other. */
function fileCycles(files: Sources): string[][] {
  return cyclesOf(
    new Map(
      [...files].map(([path, text]) => {
        const values = importsOf(text).filter(({ typeOnly }) => !typeOnly);
        return [path, values.flatMap(({ from }) => target(path, from, files) ?? [])];
      }),
    ),
  );
}

const SAYS_NOTHING = ['util', 'utils', 'helper', 'helpers', 'common', 'shared', 'manager', 'misc'];

function nameFaults(paths: Iterable<string>): string[] {
  return [...paths].filter(
    (path) =>
      path.endsWith('.interface.ts') ||
      path.split(/[/._-]/).some((word) => SAYS_NOTHING.includes(word.toLowerCase())),
  );
}

const one = (path: string, text: string): Sources => new Map([...sources, [path, text]]);

describe('floors', () => {
  it('a package imports only from below, and declares what it uses', () => {
    expect(floorFaults(manifests, sources)).toEqual([]);
    expect(manifests.size).toBeGreaterThan(10);
  });

  it('an arrow upwards, an undeclared and an unused dependency are found', () => {
    const engine = manifests.get('libs/engine') as Manifest;
    const wrong: Manifest = {
      ...engine,
      dependencies: { ...engine.dependencies, '@millrace/modules': '0.1.0', pg: '8.23.1' },
    };
    const faults = floorFaults(
      new Map([['libs/engine', wrong]]),
      one('libs/engine/src/wrong.ts', "import { z } from 'zod';\n"),
    );
    expect(faults).toEqual([
      'libs/engine reaches up to modules',
      'libs/engine does not declare zod',
      'libs/engine does not use @millrace/modules',
      'libs/engine does not use pg',
      expect.stringContaining('libs/engine/tsconfig.json refers to'),
    ]);
  });
});

describe('rooms of the director', () => {
  it('ask only downwards, and only readers', () => {
    expect(roomFaults(sources, OPEN)).toEqual([]);
  });

  it('an arrow upwards, a way past the reader and a stale exception are found', () => {
    const wrong = one(
      'apps/director/src/fleet/wrong.ts',
      "import { A } from '../alerts/alerts.module.js';\nimport { B } from '../flows/flows.store.js';\n",
    );
    const faults = roomFaults(wrong, { ...OPEN, 'fleet/gone.ts': 'no longer there' });
    expect(faults).toContain('apps/director/src/fleet/wrong.ts reaches up to alerts/alerts.module.ts');
    expect(faults).toContain('fleet/gone.ts is open, but nobody goes there');
    expect(faults).toContainEqual(expect.stringMatching(/^rooms in a circle: /));
    const past = new Map([...wrong, ['apps/director/src/flows/flows.store.ts', '']]);
    expect(roomFaults(past, OPEN)).toContain(
      'apps/director/src/fleet/wrong.ts goes into flows/flows.store.ts, which is no reader',
    );
  });
});

/** Data knows no pages, building blocks know no rooms. */
function studioFaults(files: Sources): string[] {
  const FLOOR: Record<string, number> = { data: 0, ui: 1 };
  const place = /^apps\/studio\/src\/([^/]+)\/.+/;
  return [...files].flatMap(([path, text]) => {
    const own = place.exec(path)?.[1];
    if (own === undefined) return [];
    return importsOf(text).flatMap(({ from }) => {
      const to = target(path, from, files);
      const room = place.exec(to ?? '')?.[1];
      const up = room !== undefined && room !== own && (FLOOR[room] ?? 2) > (FLOOR[own] ?? 2);
      return up ? [`${path} reaches up to ${to}`] : [];
    });
  });
}

describe('the studio', () => {
  it('has data below building blocks below rooms', () => {
    expect(studioFaults(sources)).toEqual([]);
  });

  it('an arrow upwards is found', () => {
    const wrong: Sources = new Map([
      ['apps/studio/src/data/a.ts', "import { b } from '../ui/b.js';"],
      ['apps/studio/src/ui/b.tsx', "import { c } from '../flows/c.js';"],
      ['apps/studio/src/flows/c.tsx', "import { a } from '../data/a.js';"],
    ]);
    expect(studioFaults(wrong)).toHaveLength(2);
  });
});

describe('files', () => {
  it('import each other in no circle', () => {
    expect(fileCycles(sources)).toEqual([]);
    expect(sources.size).toBeGreaterThan(200);
  });

  it('a circle is found, and one of types alone is none', () => {
    const a = (statement: string): Sources =>
      new Map([
        ['a/x.ts', statement],
        ['a/y.ts', "import { x } from './x.js';\n"],
      ]);
    expect(fileCycles(a("export {\n  y,\n} from './y.js';\n"))).toEqual([['a/x.ts', 'a/y.ts', 'a/x.ts']]);
    expect(fileCycles(a("import type { y } from './y.js';\n"))).toEqual([]);
    expect(fileCycles(a("import { type y, type z } from './y.js';\n"))).toEqual([]);
    expect(fileCycles(a("import { type y, z } from './y.js';\n"))).toHaveLength(1);
  });

  it('are named for what they do', () => {
    expect(nameFaults(pathsOf(/./))).toEqual([]);
    expect(nameFaults(['libs/x/src/string-utils.ts', 'libs/common/a.ts', 'a/b.interface.ts'])).toHaveLength(
      3,
    );
    expect(nameFaults(['libs/x/src/miscount.ts', 'docs/sharing.md'])).toEqual([]);
  });
});
