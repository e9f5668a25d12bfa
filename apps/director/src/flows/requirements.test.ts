/** Requirements of a flow become a runtime of the catalogue, by the pip of this machine and an index on loopback. */
import { findInterpreter } from '@millrace/inference';
import type { FlowDocument, ResourceVersionDetails, RuntimeManifest } from '@millrace/schemas';
import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { startPackageIndex, type PackageIndex } from '../../../../test/kit/package-index.js';
import { wheel } from '../../../../test/kit/wheels.js';
import { system } from '../access/principal.js';
import { FlowRequirements } from './requirements.js';

const python = await findInterpreter('python');
const withPython = python === undefined ? test.skip : test;
const pump = wheel('pump', '1.0', '');

let t: TestDirector;
let index: PackageIndex;
beforeAll(async () => {
  index = await startPackageIndex([pump]);
  process.env.PIP_INDEX_URL = index.url;
  t = await testDirector();
});
afterAll(async () => {
  delete process.env.PIP_INDEX_URL;
  delete process.env.MILLRACE_PYTHON;
  await t?.close();
  await index.close();
});

const service = () => t.director.app.get(FlowRequirements, { strict: false });
const flow = (...requirements: string[]): FlowDocument => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'pump' },
  modules: { score: { type: 'model.python', settings: { requirements, code: 'x' } } },
});
const settle = (document: FlowDocument) => service().settle(system(t.organization), document);
const settled = (document: FlowDocument) =>
  t.test.database.withinSql(t.organization, (tx) => service().settled(tx, document));

withPython(
  'they are locked once, and the flow names the runtime instead',
  async () => {
    const document = flow('pump>=1');
    expect(await settled(document)).toEqual(document);
    await Promise.all([settle(document), settle(document)]);
    const { score } = (await settled(document)).modules;
    const runtime = String(score!.settings!.runtime);
    expect(score!.settings).toEqual({ code: 'x', runtime: expect.stringMatching(/^resource:python-\w+@1$/) });
    const name = runtime.slice('resource:'.length, -2);
    const version = await t.call<ResourceVersionDetails>('GET', `/v1/resources/${name}/versions/1`);
    expect(version.body).toMatchObject({ state: 'ready', kind: 'runtime', note: 'For pump>=1' });
    const content = await fetch(`${t.url}/v1/resources/${name}/versions/1/content`, {
      headers: { authorization: `Bearer ${t.token}` },
    });
    const text = await content.text();
    expect(text).not.toContain('127.0.0.1');
    const manifest = JSON.parse(text) as RuntimeManifest;
    expect(manifest.variants[0]).toEqual({
      system: process.platform,
      processor: process.arch,
      lock: `pump==1.0 --hash=${pump.package.digest}\n`,
    });
    // Written otherwise it is the same set, and the index is not asked again.
    const before = index.asked.length;
    await settle(flow(' Pump >= 1 '.trim()));
    expect(index.asked.length).toBe(before);
  },
  120_000,
);

withPython(
  'what cannot be locked is a problem of its module, and so is a director without Python',
  async () => {
    await expect(settle(flow('pump==9'))).rejects.toMatchObject({
      code: 'flows.invalid',
      errors: [{ module: 'score', pointer: '/modules/score/settings/requirements' }],
    });
    process.env.MILLRACE_PYTHON = '/nowhere/python';
    await expect(settle(flow('pump<9'))).rejects.toMatchObject({
      code: 'flows.invalid',
      message: expect.stringMatching(/no Python here.*millrace runtime lock.*runtime/s),
    });
  },
  120_000,
);
