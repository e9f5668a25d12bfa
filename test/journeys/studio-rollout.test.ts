/**
 * A version that fails at run time, deployed in the studio and watched on its page: the first node tries it and goes
 * back by itself, the reason is said, the other is never touched, and the old version runs on.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeInBrowser, Person } from '../kit/browser.js';
import { Installation, until } from '../kit/millrace.js';

const FLOW = 'pump-watch';
const NODES = ['press-1', 'press-2'];

/** A simulated pump that gives an alert every six seconds. */
const good = `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${FLOW} }
modules:
  pump:
    type: source.simulator
    settings: { signals: [{ name: pressure, shape: sine, hz: 5, amplitude: 4, offset: 8, periodMs: 6000 }] }
  high:
    type: route.alert
    from: [pump]
    settings: { when: pressure > 11, clearWhen: pressure < 6, severity: high, message: 'Pressure {pressure} bar' }
  out: { type: sink.director, from: [high], settings: { channel: alert } }
`;

/** Right as a flow, wrong on a node: the file is not there. */
const broken = `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${FLOW} }
modules:
  pump:
    type: source.csv
    settings: { file: there-is-no-such-file.csv, timestamp: { column: t, format: epochMs } }
  out: { type: sink.director, from: [pump], settings: { channel: result } }
`;

describeInBrowser('a deployment that goes back by itself, seen in the studio', () => {
  let it: Installation;
  let person: Person;
  let step = 0;

  async function publish(text: string, note: string): Promise<void> {
    const file = join(it.folder, 'flow.yaml');
    await writeFile(file, text);
    await it.json('flow', 'push', file);
    await it.json('flow', 'publish', FLOW, '--note', note);
  }

  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
    await it.json('group', 'create', 'line-1');
    for (const node of NODES) await it.node(node, 'line-1');
    await publish(good, 'watches the pressure');
    const done = await it.run('deploy', `${FLOW}@1`, '--to', 'line-1', '--wait');
    expect([done.code, done.stderr]).toEqual([0, expect.anything()]);
    await publish(broken, 'reads the pump from a file');
    person = await Person.at(it);
    await person.signIn();
  }, 300_000);
  afterAll(async () => {
    await person?.leave();
    await it.remove();
  }, 120_000);
  afterEach(async () => {
    await person.shot(`rollout-${++step}`);
    expect(person.errors.splice(0)).toEqual([]);
  });

  test('the sheet says who changes, and starts it, one node first', async () => {
    const { page } = person;
    await page.getByRole('link', { name: 'Deployments' }).click();
    await page
      .getByRole('button', { name: 'Deploy a flow' })
      .or(page.getByRole('link', { name: 'Deploy a flow' }))
      .first()
      .click();
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('combobox', { name: 'Flow' }).click();
    await page.getByRole('option', { name: FLOW }).click();
    await sheet.getByText('reads the pump from a file, ').waitFor();
    await sheet.getByRole('combobox', { name: 'Group' }).click();
    await page.getByRole('option', { name: 'line-1' }).click();
    const plan = sheet.getByRole('complementary', { name: 'Plan' });
    await plan.getByText('nodes change').waitFor();
    expect(await plan.getByRole('region', { name: 'Wave 1' }).getByText('from @1').count()).toBe(1);
    expect(await plan.getByRole('region', { name: 'Wave 2' }).getByText('from @1').count()).toBe(1);
    await sheet.getByRole('button', { name: `Deploy ${FLOW}@2 to 2 nodes` }).click();
    await page.getByRole('heading', { name: `${FLOW}@2 to line-1` }).waitFor();
  }, 90_000);

  test('its page follows the node that tries and goes back, with the reason, and stops before the next', async () => {
    const { page } = person;
    const waves = page.getByRole('region', { name: 'Waves' });
    await waves
      .getByRole('region', { name: 'Wave 1' })
      .getByRole('button', { name: /: went back, / })
      .waitFor({ timeout: 90_000 });
    await waves
      .getByRole('region', { name: 'Wave 2' })
      .getByRole('button', { name: /: waiting/ })
      .waitFor();
    await waves.getByRole('group', { name: 'Gate behind wave 1' }).getByText('Gate breached').waitFor();
    await page.getByText('paused', { exact: true }).first().waitFor();
    const targets = page.getByRole('table', { name: 'Targets' });
    const tried = targets.getByRole('row').filter({ hasText: 'went back' });
    expect(await tried.count()).toBe(1);
    expect(await tried.textContent()).toMatch(/there-is-no-such-file\.csv/);
    await page
      .getByRole('region', { name: 'Timeline' })
      .getByText(/paused/i)
      .first()
      .waitFor();
    const reasons = page.getByRole('region', { name: 'Reasons' });
    await reasons.getByRole('button').first().click();
    await until(
      'the targets of that reason alone',
      async () => (await targets.getByRole('row').count()) === 2,
    );
    expect(await targets.textContent()).toMatch(/went back/);
  }, 150_000);

  test('the node says why, and the old version runs on', async () => {
    const { page } = person;
    const tried = page.getByRole('table', { name: 'Targets' }).getByRole('link', { name: /^press-/ });
    const name = await tried.textContent();
    await tried.click();
    await page.getByRole('heading', { name: name! }).waitFor();
    await page
      .getByText(/there-is-no-such-file\.csv/)
      .first()
      .waitFor();
    await page.getByRole('tab', { name: 'Flows' }).click();
    await page
      .getByText(/@1|version 1|pump-watch 1/)
      .first()
      .waitFor();
    // Alerts of version 1 keep coming.
    await page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: 'Alerts' }).click();
    const now = Date.now();
    await until(
      'an alert of the old version after the new one went back',
      async () => {
        const { body } = await it.call<{ items: { t: number; nodeName: string; version: number }[] }>(
          'GET',
          `/v1/alerts?filter=${encodeURIComponent(`nodeName=='${name}'`)}`,
        );
        return body.items.some(({ t, version }) => t > now && version === 1);
      },
      90_000,
    );
    await page.getByRole('table', { name: 'alerts' }).getByText(name!).first().waitFor();
  }, 150_000);

  test('one click takes back what was begun', async () => {
    const { page } = person;
    await page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: 'Deployments' }).click();
    await page
      .getByRole('link', { name: new RegExp(`${FLOW}@2`) })
      .or(page.getByText(`${FLOW}@2`))
      .first()
      .click();
    await page.getByRole('button', { name: /^(Go back to @1|Roll back)$/ }).click();
    const asked = page.getByRole('dialog');
    await asked.getByRole('button', { name: /^(Go back to @1|Roll back)$/ }).click();
    await page.getByText('rolled back', { exact: true }).first().waitFor();
    expect(
      await page
        .getByRole('button', { name: 'Deploy again' })
        .or(page.getByRole('link', { name: 'Deploy again' }))
        .count(),
    ).toBe(1);
  }, 90_000);
});
