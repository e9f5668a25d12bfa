/**
 * Every page of the studio on the live demo, light and dark, on a laptop and on a tablet: nothing is logged, axe finds
 * nothing, nothing hangs over the edge. With MILLRACE_SHOTS the pictures lie in that folder.
 */
import { describeInBrowser, Person } from '../kit/browser.js';
import { Installation, until } from '../kit/millrace.js';

const FLOW = 'hydraulic-cooler';
/** Compressed script that may come with the first page. */
const FIRST_PAGE_BYTES = 250_000;

interface Page<T> {
  items: T[];
}

const THEMES = ['light', 'dark'] as const;
const SIZES = [
  { name: 'laptop', width: 1366, height: 768 },
  { name: 'tablet', width: 1024, height: 768 },
];

describeInBrowser('every page of the studio', () => {
  let it: Installation;
  const paths: [name: string, path: string][] = [];

  beforeAll(async () => {
    it = await Installation.create();
    await it.up('--demo');
    const alert = await until('an alert of the demo', async () => {
      const { body } = await it.call<Page<{ id: string }>>('GET', '/v1/alerts');
      return body.items[0];
    });
    const first = async (path: string) =>
      (await it.call<Page<{ id: string }>>('GET', path)).body.items[0]!.id;
    const [group, deployment] = [await first('/v1/groups'), await first('/v1/deployments')];
    const nodes = (await it.call<Page<{ id: string; name: string }>>('GET', '/v1/nodes')).body.items;
    const [node, away] = ['node-1', 'node-3'].map((name) => nodes.find((one) => one.name === name)!.id);
    paths.push(
      ['home', '/'],
      ['flows', '/flows'],
      ['editor', `/flows/${FLOW}`],
      ['versions', `/flows/${FLOW}/versions`],
      ['catalogue', '/catalogue'],
      ['resource', '/catalogue/cooler-condition'],
      ['promote', '/catalogue/cooler-condition?version=1&promote'],
      ['upload', '/catalogue?upload'],
      ['promotions', '/catalogue?tab=promotions'],
      ['old-versions', '/catalogue?tab=retention'],
      ['nodes', '/nodes'],
      ['node', `/nodes/${node}`],
      ['node-offline', `/nodes/${away}`],
      ['live', `/nodes/${node}/flows/${FLOW}`],
      ['groups', '/nodes/groups'],
      ['group', `/nodes/groups/${group}`],
      ['join', '/nodes/join'],
      ['deployments', '/deployments'],
      ['deploy', `/deployments?new&flow=${FLOW}&version=1`],
      ['deployment', `/deployments/${deployment}`],
      ['alerts', '/alerts'],
      ['alert', `/alerts/${alert.id}`],
      ['settings', '/settings'],
      ['people', '/settings/people'],
      ['roles', '/settings/roles'],
      ['tokens', '/settings/tokens'],
      ['audit', '/settings/audit'],
      ['nowhere', '/nowhere'],
    );
  }, 240_000);
  afterAll(() => it.remove(), 120_000);

  test('is clean in both themes and sizes', async () => {
    const person = await Person.at(it);
    const faults: string[] = [];
    try {
      await person.signIn();
      for (const [page, path] of paths) {
        await person.go(path);
        await person.settled();
        for (const theme of THEMES) {
          for (const size of SIZES) {
            await person.look(theme, size);
            await person.shot(`${theme}-${size.name}-${page}`);
            const found = [...(await person.axe()), ...(await person.overflow()), ...person.errors.splice(0)];
            faults.push(...found.map((fault) => `${page}, ${theme}, ${size.name}: ${fault}`));
          }
        }
      }
    } finally {
      await person.leave();
    }
    expect(faults).toEqual([]);
  }, 480_000);

  test('the first page comes with less script than its budget', async () => {
    const person = await Person.at(it);
    let bytes = 0;
    try {
      await person.signIn();
      person.page.on('response', (response) => {
        if (response.request().resourceType() !== 'script') return;
        bytes += Number(response.headers()['content-length']);
      });
      await person.page.reload();
      await person.settled();
    } finally {
      await person.leave();
    }
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(FIRST_PAGE_BYTES);
  }, 60_000);
});
