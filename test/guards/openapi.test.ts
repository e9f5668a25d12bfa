/** docs/api/openapi.json is what the director serves, and no route of it is without an answer's schema or a name. */
import { readFileSync } from 'node:fs';
import { openApiPage, openApiText } from '../../scripts/openapi.mjs';
import { testDirector, type TestDirector } from '../kit/director.js';

interface Operation {
  operationId?: string;
  responses?: Record<string, { content?: unknown }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

let t: TestDirector;
let served: Document;
beforeAll(async () => {
  t = await testDirector();
  served = (await t.call<Document>('GET', '/v1/openapi.json', undefined, { token: null })).body;
});
afterAll(() => t?.close());

it('is up to date: npm run docs writes it', () => {
  const kept = readFileSync(openApiPage, 'utf8');
  expect(differences(JSON.parse(kept) as Document, served)).toEqual([]);
  // As text: what is neither a path nor a schema, and the form.
  expect(kept === openApiText(served)).toBe(true);
});

it('is OpenAPI 3.1, and everything that it refers to is in it', () => {
  expect(served.openapi).toMatch(/^3\.1\./);
  expect(missing(served)).toEqual([]);
  expect(Object.keys(served.paths).length).toBeGreaterThan(30);
});

it('names every operation once', () => {
  const names = Object.values(served.paths).flatMap((item) =>
    Object.values(item).map((operation) => operation.operationId ?? ''),
  );
  expect(names).not.toContain('');
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it('a reference to nothing, and a route that changed, are found', () => {
  const wrong = { ...served, paths: { '/x': { get: { $ref: '#/components/schemas/Gone' } as Operation } } };
  expect(missing(wrong)).toEqual(['#/components/schemas/Gone']);
  expect(differences(served, wrong)).toContain('/x');
  expect(differences(served, wrong)).toContain('/v1/me');
  expect(openApiText(wrong)).not.toBe(openApiText(served));
});

/** Paths and schemas that are not the same in both. */
function differences(a: Document, b: Document): string[] {
  const parts = ({ paths, components }: Document) =>
    ({ ...paths, ...components.schemas }) as Record<string, unknown>;
  const [one, other] = [parts(a), parts(b)];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
}

function missing(document: Document): string[] {
  const known = new Set(
    Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`),
  );
  const found = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g);
  return [...new Set([...found].map(([, reference = '']) => reference))].filter((one) => !known.has(one));
}
