/** Every module is whole: a behaviour, docs, an example that passes the check and starts, a test, its page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { catalogueOf, checkFlow, defineKind, type ModuleKind } from '@millrace/flow';
import { behaviours } from '@millrace/modules';
import { kinds } from '@millrace/modules/kinds';
import { loadModules } from '@millrace/modules/load';
import type { FlowDocument, FlowModule } from '@millrace/schemas';
import { z } from 'zod';
import { modulesPage, page } from '../../scripts/docs.mjs';

const SOURCES = fileURLToPath(new URL('../../libs/modules/src/', import.meta.url));

/** Folders that hold a kind.ts, with the kind's type as that file writes it. */
const folders = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((path) => /(^|\/)kind\.ts$/.test(path))
  .map((path) => path.replace(/\/?kind\.ts$/, ''))
  .map((folder) => {
    const text = readFileSync(`${SOURCES}${folder}/kind.ts`, 'utf8');
    return { folder, type: /type: '([a-z]+\.[A-Za-z0-9]+)'/.exec(text)?.[1] };
  });

const declared = [...kinds.values()];
const end = (over: Partial<ModuleKind>) =>
  defineKind({
    type: 'sink.guard',
    category: 'sink',
    title: 'End of an example',
    summary: 'End of an example',
    docs: 'End of an example.',
    settings: z.object({}),
    inputs: 'many',
    outputs: [],
    example: { settings: {} },
    ...over,
  } as ModuleKind);
const source = end({
  type: 'source.guard',
  category: 'source',
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
});
const catalogue = catalogueOf([...declared, end({}), source]);

/** A flow of the example alone: fed by a source where it takes something, ended by a sink where it gives. */
function exampleFlow(kind: ModuleKind): FlowDocument {
  const modules: Record<string, FlowModule> = {
    example: { type: kind.type, settings: kind.example.settings as Record<string, unknown> },
  };
  if (kind.inputs !== 'none') {
    modules.readings = { type: 'source.guard' };
    modules.example.from = ['readings'];
  }
  if (kind.outputs.length > 0) {
    modules.end = { type: 'sink.guard', from: kind.outputs.map((port) => `example.${port}`) };
  }
  return { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'guard' }, modules };
}

test('every folder with a kind is in the catalogue, and the other way round', () => {
  expect(folders.map(({ type }) => type).toSorted()).toEqual([...kinds.keys()].toSorted());
  expect(declared.length).toBeGreaterThan(10);
});

test('every kind has a behaviour, and every behaviour a kind', () => {
  expect([...behaviours.keys()].toSorted()).toEqual([...kinds.keys()].toSorted());
});

test('every module is found by the folder of its type, alone; with a type that is not there, all are', async () => {
  const loaded = await loadModules(kinds.keys());
  expect([...loaded.kinds].toSorted()).toEqual([...kinds].toSorted());
  expect([...loaded.behaviours.entries()].every(([type, create]) => behaviours.get(type) === create)).toBe(
    true,
  );
  const some = ['clean.range', 'sink.file', 'clean.range'];
  expect([...(await loadModules(some)).kinds.keys()]).toEqual(['clean.range', 'sink.file']);
  for (const strange of ['clean.rnage', 'clean.../../x', 'toString.range', 'nothing'])
    expect((await loadModules([...some, strange])).kinds).toBe(kinds);
});

test.each(declared.map((kind) => [kind.type, kind] as const))(
  '%s has docs and describes its settings',
  (_, kind) => {
    expect(kind.docs.trim().length).toBeGreaterThan(80);
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
    const bare = Object.entries(kind.settings.shape).filter(([, setting]) => {
      return !(
        z.toJSONSchema(setting as z.ZodType, { io: 'input', unrepresentable: 'any' }).description ?? ''
      );
    });
    expect(bare.map(([name]) => name)).toEqual([]);
  },
);

test.each(declared.map((kind) => [kind.type, kind] as const))(
  'the example of %s passes the check',
  (_, kind) => {
    expect(checkFlow(exampleFlow(kind), catalogue)).toEqual([]);
  },
);

test.each(folders)('$type has a test beside it, in $folder or above', ({ folder }) => {
  const above = folder.split('/').slice(0, -1).join('/');
  const tests = [folder, above]
    .filter((path) => path !== '' && existsSync(SOURCES + path))
    .flatMap((path) => readdirSync(SOURCES + path).filter((name) => name.endsWith('.test.ts')));
  expect(tests).not.toEqual([]);
});

test('kinds are safe in a browser: nothing of Node is reached from them', () => {
  const seen = new Set<string>();
  const look = (file: string): string[] => {
    if (seen.has(file)) return [];
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    return [...text.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gms)].flatMap(
      ([statement, from]) => {
        if (
          from.startsWith('node:') ||
          from.startsWith('@millrace/inference') ||
          from.startsWith('@millrace/blobs')
        )
          return [`${file}: ${statement}`];
        if (!from.startsWith('.')) return [];
        return look(fileURLToPath(new URL(from.replace(/\.js$/, '.ts'), `file://${file}`)));
      },
    );
  };
  expect(look(`${SOURCES}kinds.ts`)).toEqual([]);
  expect(seen.size).toBeGreaterThan(declared.length);
});

test('docs/modules.md is up to date', () => {
  expect(readFileSync(page, 'utf8')).toBe(modulesPage(kinds));
});
