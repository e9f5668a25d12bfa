import { mkdir, mkdtemp, rm, symlink, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostFiles } from './host-files.js';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'millrace-host-')));
  await Promise.all(['work', 'allowed', 'secret'].map((name) => mkdir(join(folder, name))));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const digest = `sha256:${'a'.repeat(64)}`;
const files = () =>
  hostFiles({
    name: 'pump',
    version: 1,
    digest,
    document: '',
    parameters: {},
    resources: { model: { kind: 'model', version: 3, digest, size: 1 } },
    blobs: { [digest]: '/blobs/a' },
    built: {},
    work: join(folder, 'work'),
    roots: [join(folder, 'allowed')],
  });

test('relative paths lie in the work folder, absolute ones below a root', () => {
  expect(files().path('out/rows.csv')).toBe(join(folder, 'work/out/rows.csv'));
  expect(files().path(join(folder, 'allowed/rows.csv'))).toBe(join(folder, 'allowed/rows.csv'));
});

test.each(['../x', 'a/../../x', '/etc/passwd', '..'])('%s is refused', (path) => {
  expect(() => files().path(path)).toThrow(expect.objectContaining({ code: 'fleet.path-refused' }));
});

test('a link cannot lead out', async () => {
  await symlink(join(folder, 'secret'), join(folder, 'work/way-out'));
  expect(() => files().path('way-out/key')).toThrow(expect.objectContaining({ code: 'fleet.path-refused' }));
  await symlink(join(folder, 'secret/not-yet'), join(folder, 'work/dangling'));
  expect(() => files().path('dangling')).toThrow(expect.objectContaining({ code: 'fleet.path-refused' }));
});

test('a resource is the verified file of what was signed, and nothing else', () => {
  expect(files().resource(`resource:model@3#${digest}`)).toEqual({
    path: '/blobs/a',
    name: 'model',
    version: 3,
    digest,
  });
  expect(files().path(`resource:model@3#${digest}`)).toBe('/blobs/a');
  const other = `sha256:${'b'.repeat(64)}`;
  expect(() => files().resource(`resource:model@3#${other}`)).toThrow(
    expect.objectContaining({ code: 'flows.resource' }),
  );
  expect(() => files().resource('resource:model@3')).toThrow(
    expect.objectContaining({ code: 'flows.resource' }),
  );
});
