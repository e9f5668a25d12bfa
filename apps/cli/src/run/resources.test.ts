import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@millrace/blobs';
import { parseReference, type PlacedReference } from '@millrace/flow';
import { localResources } from './resources.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-resources-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (...names: string[]) => {
  for (const name of names) await writeFile(join(folder, name), name);
};
const named = (text: string): PlacedReference => ({
  ...parseReference(text)!,
  module: 'score',
  pointer: '/modules/score/settings/model',
  text,
});
const chosen = async (text: string) => {
  const { files, says } = await localResources(folder, [named(text)]);
  const { path, version } = files.get(text)!;
  return { file: path.slice(folder.length + 1), version, said: says.length > 0 };
};

describe('resources of a folder', () => {
  it('have their contract beside them, by version or for all', async () => {
    const contract = (runtime: string) => JSON.stringify({ columns: [], outputs: [], golden: [], runtime });
    await put('pump@1.pkl', 'pump@2.pkl');
    await writeFile(join(folder, 'pump.contract.json'), contract('any'));
    await writeFile(join(folder, 'pump@2.contract.json'), contract('two'));
    const said = async (text: string) =>
      (await localResources(folder, [named(text)])).files.get(text)?.contract?.runtime;
    expect(await said('resource:pump@1')).toBe('any');
    expect(await said('resource:pump@2')).toBe('two');
    await writeFile(join(folder, 'pump@2.contract.json'), '{"columns": 1}');
    await expect(said('resource:pump@2')).rejects.toMatchObject({
      code: 'engine.contract-mismatch',
      message: expect.stringMatching(/pump@2.contract.json.*columns/),
    });
  });

  it('takes the version that is meant, and for an alias the highest', async () => {
    await put('pump@2.onnx', 'pump@10.onnx', 'pump-two.onnx', 'pump.notes.txt');
    expect(await chosen('resource:pump@2')).toEqual({ file: 'pump@2.onnx', version: 2, said: false });
    expect(await chosen('resource:pump@production')).toEqual({
      file: 'pump@10.onnx',
      version: 10,
      said: true,
    });
    await expect(chosen('resource:pump@3')).rejects.toThrow(/pump@3\.EXT.*It holds pump@10\.onnx/s);
  });

  it('takes a file without a version for any, and says so', async () => {
    await put('speed.csv.gz', 'speed.of.light.csv');
    expect(await chosen('resource:speed@production')).toEqual({
      file: 'speed.csv.gz',
      version: null,
      said: true,
    });
    expect(await chosen('resource:speed@7')).toMatchObject({ file: 'speed.csv.gz', said: true });
  });

  it('refuses to guess between two files', async () => {
    await put('pump.onnx', 'pump.csv');
    await expect(chosen('resource:pump@production')).rejects.toThrow('pump.csv or pump.onnx');
  });

  it('names the folder and the way out when there is none', async () => {
    await expect(chosen('resource:pump@production')).rejects.toThrow(
      new RegExp(`score: resource:pump@production has no file in ${folder}.*--resources`),
    );
    const elsewhere = join(folder, 'nowhere');
    await expect(localResources(elsewhere, [named('resource:pump@1')])).rejects.toThrow(elsewhere);
  });

  it('holds a locked reference to its digest', async () => {
    await put('pump@1.onnx');
    const digest = digestOf(Buffer.from('pump@1.onnx'));
    expect(await chosen(`resource:pump@1#${digest}`)).toMatchObject({ file: 'pump@1.onnx' });
    await writeFile(join(folder, 'pump@1.onnx'), 'another');
    await expect(chosen(`resource:pump@1#${digest}`)).rejects.toMatchObject({
      code: 'catalogue.digest-mismatch',
    });
  });
});
