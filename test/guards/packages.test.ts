/** An installation is the same everywhere: exact versions, a lock file that names no registry, no path of one machine. */
import { pathsOf, read, textsOf, type Sources } from '../kit/sources.js';

type Manifest = Record<string, unknown> & { version?: string };

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const LISTS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'overrides'];

function versionFaults(path: string, manifest: Manifest): string[] {
  return LISTS.flatMap((list) =>
    Object.entries((manifest[list] ?? {}) as Record<string, string>)
      .filter(([, version]) => !EXACT.test(version))
      .map(([name, version]) => `${path}: ${name} is ${JSON.stringify(version)}, no exact version`),
  );
}

/** The same package in two workspaces has one version. */
function differences(manifests: ReadonlyMap<string, Manifest>): string[] {
  const first = new Map<string, string>();
  return [...manifests].flatMap(([path, manifest]) =>
    LISTS.flatMap((list) =>
      Object.entries((manifest[list] ?? {}) as Record<string, string>).flatMap(([name, version]) => {
        const known = first.get(name) ?? version;
        first.set(name, known);
        return known === version ? [] : [`${path}: ${name} is ${version}, elsewhere ${known}`];
      }),
    ),
  );
}

function lockFaults(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^"resolved": "[a-z+]+:/.test(line));
}

/** A home, a mount or a drive of somebody; `/tmp`, `/var` and `/usr` are the same for all. */
const MACHINE = /(?<![\w.}:/~*-])(?:\/(?:home|Users|root|work|mnt|media)\/[\w.-]+|[A-Z]:\\\\?Users\\\\?)/;

function machinePaths(files: Sources): string[] {
  return [...files].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, i) => {
      const found = MACHINE.exec(line)?.[0];
      return found === undefined ? [] : [`${path}:${i + 1}: ${found}`];
    }),
  );
}

const manifests = new Map(
  pathsOf(/(^|\/)package\.json$/).map((path) => [path, JSON.parse(read(path)) as Manifest] as const),
);

it('every dependency is one exact version', () => {
  expect([...manifests].flatMap(([path, manifest]) => versionFaults(path, manifest))).toEqual([]);
  expect(differences(manifests)).toEqual([]);
  expect(manifests.size).toBeGreaterThan(12);
});

it('the lock file names no registry', () => {
  expect(lockFaults(read('package-lock.json'))).toEqual([]);
});

it('no file names a place of one machine', () => {
  const text = textsOf(/(\.(ts|mts|mjs|js|json|md|ya?ml|sql|prisma|sh|py|conf|Dockerfile)|\/[^/.]+)$/);
  const own = new Map([...text].filter(([path]) => path !== 'test/guards/packages.test.ts'));
  expect(machinePaths(own)).toEqual([]);
});

it('a range, two versions, a registry and a path of a machine are found', () => {
  const wrong = { dependencies: { a: '^1.0.0', b: '1.0.0', c: 'latest' }, devDependencies: { d: '*' } };
  expect(versionFaults('x', wrong).map((fault) => fault.split(' ')[1])).toEqual(['a', 'c', 'd']);
  const two = new Map([
    ['x', { dependencies: { a: '1.0.0' } }],
    ['y', { devDependencies: { a: '1.0.1' } }],
  ]);
  expect(differences(two)).toEqual(['y: a is 1.0.1, elsewhere 1.0.0']);
  expect(
    lockFaults('{\n  "resolved": "https://registry.example/a.tgz",\n  "resolved": "libs/a",\n'),
  ).toHaveLength(1);
  const text =
    "open('/home/ada/x')\nopen('/tmp/x')\nhttps://example.org/home/ada\nfrom '../work/x'\n\"C:\\Users\\ada\"\n";
  expect(machinePaths(new Map([['a.ts', text]]))).toEqual(['a.ts:1: /home/ada', 'a.ts:5: C:\\Users\\']);
});
