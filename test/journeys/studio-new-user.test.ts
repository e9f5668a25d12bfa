/**
 * Somebody new, from an empty organization to alerts on the screen, by the pages of the studio alone: two machines
 * join with the line to paste, real sensor data goes into the catalogue, a flow over it is drawn, tried on a file,
 * published, deployed to a group, and what its nodes raise is seen and acknowledged.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { describeInBrowser, Person, steps } from '../kit/browser.js';
import { Canvas, dropFile } from '../kit/canvas.js';
import { examples, Installation } from '../kit/millrace.js';

const FLOW = 'cooler-watch';
const NODES = ['press-1', 'press-2'];
/** Column `second`, 3,600 rows at 1 Hz of a hydraulic rig: TS1 rises above 50 °C once, near the end. */
const DATA = join(examples, 'hydraulic-cooler/resources/cooler-ts1.csv');
const ROWS = '3,600';
/** Nodes and deployments take their time on a busy machine. */
const PATIENCE = { timeout: 120_000 };

describeInBrowser('a new user of the studio', () => {
  let it: Installation;
  let person: Person;
  let canvas: Canvas;

  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
    person = await Person.at(it);
    canvas = new Canvas(person.page, FLOW);
  }, 180_000);
  afterAll(async () => {
    await person?.leave();
    await it.remove();
  }, 120_000);
  const step = steps(() => person);

  const room = (name: string) =>
    person.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name }).click();

  async function unfold(inspector: Locator): Promise<void> {
    const folded = inspector.getByRole('button', { name: /^More settings/, expanded: false });
    while ((await folded.count()) > 0) await folded.first().click();
  }

  step(
    'home says what to do first',
    async () => {
      const { page } = person;
      await person.signIn();
      const steps = page.getByRole('region', { name: 'Begin here' });
      for (const step of ['Join a node', 'Draw a flow', 'Deploy it'])
        await steps.getByRole('heading', { name: step }).waitFor();
      await steps.getByRole('link', { name: 'Join a node' }).click();
      await page.getByRole('heading', { name: 'Join a node', level: 1 }).waitFor();
    },
    60_000,
  );

  step(
    'two machines join with the line to paste, and appear by themselves',
    async () => {
      const { page } = person;
      for (const name of NODES) {
        const labels = page.getByRole('group', { name: 'Labels' });
        await labels.getByRole('button', { name: 'Add a label' }).click();
        await labels.getByRole('textbox', { name: 'Label 1', exact: true }).fill('line');
        await labels.getByRole('textbox', { name: 'Value of line' }).fill('1');
        await page.getByRole('button', { name: 'Make the token' }).click();
        await page.getByRole('textbox', { name: 'Name of the node' }).fill(name);
        const line = page.getByRole('textbox', { name: 'Line to paste' });
        await line.filter({ hasText: `--name ${name} ` }).waitFor();
        await it.paste((await line.textContent())!, name);
        const appeared = page.getByRole('region', { name: '3. See it appear' });
        await appeared.getByRole('link', { name }).waitFor(PATIENCE);
        await appeared.getByText('As desired').waitFor(PATIENCE);
        await page.getByRole('button', { name: 'Make another token' }).click();
      }
    },
    300_000,
  );

  step(
    'a group takes them by their label',
    async () => {
      const { page } = person;
      await room('Nodes');
      await page.getByRole('button', { name: '2 online' }).waitFor();
      await page.getByRole('link', { name: 'Groups' }).click();
      await page.getByRole('button', { name: 'Make the first group' }).click();
      const sheet = page.getByRole('dialog', { name: 'New group' });
      await sheet.getByRole('textbox', { name: 'Name' }).fill('line-1');
      await sheet.getByRole('textbox', { name: 'Selector' }).fill('labels.line==1');
      await sheet.getByText('It chooses 2 nodes now').waitFor();
      await sheet.getByRole('button', { name: 'Make the group' }).click();
      await page.getByRole('heading', { name: 'line-1' }).waitFor();
      await page.getByRole('table', { name: 'nodes of the group' }).getByText('press-2').waitFor();
    },
    60_000,
  );

  step(
    'sensor data goes into the catalogue by the file chooser',
    async () => {
      const { page } = person;
      await room('Catalogue');
      await page
        .getByRole('button', { name: /^Upload/ })
        .first()
        .click();
      const sheet = page.getByRole('dialog', { name: 'Upload' });
      const chooser = page.waitForEvent('filechooser');
      await sheet.getByRole('button', { name: 'Choose files' }).click();
      await (await chooser).setFiles(DATA);
      await sheet.getByRole('textbox', { name: 'Alias' }).fill('production');
      await sheet.getByRole('button', { name: 'Upload cooler-ts1' }).click();
      await sheet.getByRole('link', { name: 'cooler-ts1@1' }).click(PATIENCE);
      await page.getByRole('heading', { name: 'cooler-ts1' }).waitFor();
      await page.getByText('production').first().waitFor();
    },
    150_000,
  );

  step(
    'a flow is drawn: modules dropped from the palette, ports joined by dragging',
    async () => {
      const { page } = person;
      await room('Flows');
      await page
        .getByRole('button', { name: /New flow|first flow/ })
        .or(page.getByRole('link', { name: /New flow|first flow/ }))
        .first()
        .click();
      const made = page.getByRole('dialog', { name: 'New flow' });
      await made.getByRole('textbox', { name: 'Name' }).fill(FLOW);
      await made.getByRole('button', { name: 'Create' }).click();
      await page.getByText('Nothing is drawn yet').waitFor();
      await canvas.drop('CSV file', { x: 140, y: 120 });
      await canvas.drop('Range check', { x: 420, y: 120 });
      await canvas.drop('Alert', { x: 140, y: 280 });
      await canvas.drop('To the director', { x: 420, y: 280 });
      await canvas.wire('csv', 'range');
      await canvas.wire('range', 'alert');
      await canvas.wire('alert', 'director');
      await page.getByRole('button', { name: /^Lay out/ }).click();
      await canvas.saved();
    },
    90_000,
  );

  step(
    'its modules are set by their forms until no problem is left',
    async () => {
      const { page } = person;
      const option = (name: string | RegExp) => page.getByRole('option', { name }).first().click();
      await canvas.card('csv').click();
      const csv = canvas.inspector('csv');
      await csv.getByRole('combobox', { name: /^File.*: resource/ }).click();
      await option(/^cooler-ts1/);
      await csv.getByRole('combobox', { name: /^File.*: version or alias/ }).click();
      await option(/production/);
      await csv.getByLabel(/^Column, required/).fill('second');
      await unfold(csv);
      await csv.getByRole('combobox', { name: 'Format' }).click();
      await option('number');
      await csv.getByLabel('Unit', { exact: true }).fill('1000');
      await csv.getByRole('combobox', { name: /^Speed: which way/ }).click();
      await option(/^number|a number/i);
      await csv.getByRole('textbox', { name: 'Speed' }).fill('200');
      for (const name of ['Rebase', 'Scale', 'Loop']) await csv.getByRole('switch', { name }).click();

      await canvas.card('range').click();
      const range = canvas.inspector('range');
      await range.getByLabel(/^Field, required/).fill('TS1');
      await range.getByRole('textbox', { name: 'Min' }).fill('0');
      await range.getByRole('textbox', { name: 'Max' }).fill('120');

      await canvas.card('alert').click();
      const alert = canvas.inspector('alert');
      await alert.getByLabel(/^When, required/).fill('TS1 > 50');
      await unfold(alert);
      await alert.getByRole('textbox', { name: 'Clear when' }).fill('TS1 < 20');
      await alert.getByRole('combobox', { name: 'Severity' }).click();
      await option('high');
      await alert.getByRole('textbox', { name: 'Message' }).fill('The oil is at {TS1} °C');

      await canvas.card('director').click();
      await canvas.inspector('director').getByRole('combobox', { name: 'Channel' }).click();
      await option('alert');
      await canvas.saved();
      await page.getByRole('button', { name: 'Check', exact: true }).click();
      await page.getByText('No problems: this can be published').first().waitFor();
    },
    180_000,
  );

  step(
    'the draft is tried on a file that is dropped: counts and alerts are shown',
    async () => {
      const { page } = person;
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      const drawer = page.getByRole('region', { name: 'Drawer' });
      const input = drawer.getByRole('region', { name: 'Input of csv' });
      await dropFile(input, { name: 'cooler-ts1.csv', text: await readFile(DATA, 'utf8') });
      await input.getByText('3 columns').waitFor();
      await drawer.getByRole('button', { name: 'Run' }).click();
      await drawer.getByText('Finished', { exact: true }).waitFor(PATIENCE);
      const records = drawer.getByRole('region', { name: 'Records by module' });
      const range = records.getByRole('row').filter({ hasText: 'range' });
      expect(await range.getByRole('cell').allTextContents()).toEqual(expect.arrayContaining([ROWS, ROWS]));
      await drawer.getByText('1 alert would have been sent').waitFor();
      await drawer
        .getByRole('region', { name: 'Alerts of the run' })
        .getByText(/^The oil is at 5\d/)
        .waitFor();
    },
    180_000,
  );

  step(
    'it is published with a note, and deployed to the group',
    async () => {
      const { page } = person;
      await page.getByRole('button', { name: 'Publish', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: `Publish ${FLOW}` });
      await dialog.getByRole('textbox', { name: 'Note' }).fill('Watches the oil of the cooler');
      await dialog.getByRole('button', { name: 'Publish' }).click();
      await dialog.getByText('Version 1 is published').waitFor();
      await dialog.getByRole('link', { name: 'Deploy version 1' }).click();
      const sheet = page.getByRole('dialog');
      await sheet.getByText('Watches the oil of the cooler, ').waitFor();
      await sheet.getByRole('combobox', { name: 'Group' }).click();
      await page.getByRole('option', { name: 'line-1' }).click();
      const plan = sheet.getByRole('complementary', { name: 'Plan' });
      await plan.getByText('starts it').first().waitFor();
      expect(await plan.getByText('2', { exact: true }).first().textContent()).toBe('2');
      await sheet.getByRole('button', { name: `Deploy ${FLOW}@1 to 2 nodes` }).click();
      await page.getByRole('heading', { name: `${FLOW}@1 to line-1` }).waitFor();
      const targets = page.getByRole('table', { name: 'Targets' });
      for (const name of NODES)
        await targets.getByRole('row').filter({ hasText: name }).getByText('runs it').waitFor(PATIENCE);
      await page.getByText('succeeded', { exact: true }).first().waitFor(PATIENCE);
    },
    300_000,
  );

  step(
    'alerts of both nodes appear by themselves; one is opened and acknowledged',
    async () => {
      const { page } = person;
      await room('Alerts');
      const alerts = page.getByRole('table', { name: 'alerts' });
      for (const name of NODES) await alerts.getByText(name).first().waitFor(PATIENCE);
      await alerts.getByRole('row').filter({ hasText: NODES[0] }).first().click();
      const alert = page.getByRole('dialog', { name: 'Alert' });
      await alert.getByRole('heading', { name: /^The oil is at 5\d.* °C$/ }).waitFor();
      const signal = alert.getByRole('region', { name: 'The signal around it' });
      await signal.getByText('TS1').first().waitFor();
      await alert.getByRole('button', { name: 'Acknowledge' }).click();
      await alert.getByText('acknowledged').first().waitFor();
      await alert.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: /1 acknowledged/ }).waitFor();
    },
    300_000,
  );

  step(
    'home says how it all stands',
    async () => {
      const { page } = person;
      await room('Home');
      await page.getByText(FLOW).first().waitFor();
      // What was read before is shown until it is read again.
      await page.getByRole('region', { name: 'Begin here' }).waitFor({ state: 'detached' });
    },
    60_000,
  );
});
