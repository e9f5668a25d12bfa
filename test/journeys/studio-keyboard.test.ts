/**
 * From signing in to a flow that runs on a node, by the keyboard alone: no click, no mouse. Where one is comes from
 * the focus, as a screen reader says it; Tab goes on until the one that is wanted is reached.
 */
import { join } from 'node:path';
import { describeInBrowser, Person, steps } from '../kit/browser.js';
import { Canvas } from '../kit/canvas.js';
import { examples, Installation } from '../kit/millrace.js';

const FLOW = 'pump-watch';
const DATA = join(examples, 'hydraulic-cooler/resources/cooler-ts1.csv');
const PATIENCE = { timeout: 120_000 };
/** More than there are on any page. */
const TABS = 120;

describeInBrowser('the studio by the keyboard alone', () => {
  let it: Installation;
  let person: Person;
  let canvas: Canvas;
  const step = steps(() => person);

  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
    person = await Person.at(it);
    canvas = new Canvas(person.page, FLOW);
  }, 240_000);
  afterAll(async () => {
    await person?.leave();
    await it.remove();
  }, 120_000);

  const press = (key: string) => person.page.keyboard.press(key);
  const type = (text: string) => person.page.keyboard.type(text);

  /** Name of what has the focus: its label, its text or its title. */
  const here = () =>
    person.page.evaluate<string>(`{
      const at = document.activeElement;
      at === document.body ? '' : (at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent ?? '').trim();
    }`);
  async function tabTo(name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    const passed = [];
    for (let times = 0; times < TABS; times++) {
      const at = await here();
      if (name.test(at)) return;
      passed.push(at);
      await press(key);
    }
    throw new Error(`the keyboard does not reach ${name}; it passed ${JSON.stringify(passed)}`);
  }
  /** Ctrl-K goes anywhere. */
  async function find(text: string): Promise<void> {
    await press('Control+k');
    await person.page.getByRole('combobox', { name: 'Find or do anything' }).waitFor();
    await type(text);
    await person.page.getByRole('option', { name: new RegExp(`^${text}`), selected: true }).waitFor();
    await press('Enter');
  }
  /** Adds a module behind the one that is selected. */
  async function add(text: string, id: string): Promise<void> {
    await press('/');
    await person.page.waitForFunction(
      `document.activeElement?.getAttribute('aria-label') === 'Search modules'`,
    );
    await press('Control+a');
    await type(text);
    await press('Enter');
    await canvas.card(id).waitFor();
    await canvas.inspector(id).waitFor();
  }

  step('one signs in', async () => {
    await person.go('/');
    await person.page.getByRole('heading', { name: 'Sign in to Millrace' }).waitFor();
    await tabTo(/^Email/);
    await type(it.email);
    await press('Tab');
    await type(it.password);
    await press('Enter');
    await person.page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  });

  step(
    'a machine joins with the line to paste',
    async () => {
      const { page } = person;
      await find('Join a node');
      await page.getByRole('heading', { name: 'Join a node', level: 1 }).waitFor();
      await tabTo(/^Add a label$/);
      await press('Enter');
      await tabTo(/^Label 1$/);
      await type('line');
      await tabTo(/^Value of line$/);
      await type('1');
      await tabTo(/^Make the token$/);
      await press('Enter');
      await tabTo(/^Name of the node/);
      await press('Control+a');
      await type('press-1');
      const line = page.getByRole('textbox', { name: 'Line to paste' });
      await line.filter({ hasText: '--name press-1 ' }).waitFor();
      await it.paste((await line.textContent())!, 'press-1');
      const appeared = page.getByRole('region', { name: '3. See it appear' });
      await appeared.getByText('As desired').waitFor(PATIENCE);
    },
    240_000,
  );

  step('a group takes it by its label', async () => {
    const { page } = person;
    await find('Nodes');
    await tabTo(/^Groups$/);
    await press('Enter');
    await page.getByRole('button', { name: 'Make the first group' }).waitFor();
    await tabTo(/^Make the first group$/);
    await press('Enter');
    const sheet = page.getByRole('dialog', { name: 'New group' });
    await sheet.waitFor();
    await tabTo(/^Name/);
    await type('line-1');
    await tabTo(/^Selector/);
    await type('labels.line==1');
    await sheet.getByText('It chooses 1 node now').waitFor();
    await tabTo(/^Make the group$/);
    await press('Enter');
    await page.getByRole('heading', { name: 'line-1' }).waitFor();
  });

  step('a file comes into the catalogue', async () => {
    const { page } = person;
    await find('Upload a model or script');
    await page.getByRole('dialog', { name: 'Upload' }).waitFor();
    await tabTo(/^Choose files$/);
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press('Enter')]);
    await chooser.setFiles(DATA);
    await page.getByRole('button', { name: 'Upload cooler-ts1' }).waitFor();
    await tabTo(/^Alias/);
    await type('production');
    await tabTo(/^Upload cooler-ts1$/);
    await press('Enter');
    await page.getByText('Ready:').waitFor(PATIENCE);
    await press('Escape');
  });

  step('a flow is made', async () => {
    const { page } = person;
    await find('New flow');
    await page.getByRole('dialog', { name: 'New flow' }).waitFor();
    await tabTo(/^Name/);
    await type(FLOW);
    await press('Enter');
    await page.getByText('Nothing is drawn yet').waitFor();
  });

  step('modules are added with Enter, each behind the one before', async () => {
    await tabTo(/^Begin with a simulated sensor$/);
    await press('Enter');
    await canvas.inspector('simulator').waitFor();
    await add('alert', 'alert');
    await tabTo(/^When, required/);
    await type('pressure > -1000');
    await press('Escape');
  });

  step('what is not connected yet is connected by C', async () => {
    const { page } = person;
    // Where one types, keys are letters: one goes on to a button, and selects nothing.
    await tabTo(/^When a record fails/);
    await press('Escape');
    await add('to the director', 'director');
    await tabTo(/^Hide the palette$/);
    await press('c');
    const dialog = page.getByRole('dialog', { name: 'Connect director from' });
    await dialog.waitFor();
    await tabTo(/^Module and port/);
    await type('alert');
    await page.getByRole('option', { name: 'alert', exact: true }).waitFor();
    await press('ArrowDown');
    await press('Enter');
    await tabTo(/^Connect$/);
    await press('Enter');
    await page.getByRole('group', { name: 'Wire from alert to director' }).waitFor({ state: 'attached' });
    await page.getByRole('group', { name: 'Wire from simulator to alert' }).waitFor({ state: 'attached' });
    await canvas.saved();
  });

  step('it is tried', async () => {
    const { page } = person;
    await tabTo(/^Test$/);
    await press('Enter');
    await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
    await tabTo(/^Run$/);
    await press('Enter');
    await page.getByText(/alerts? would have been sent/).waitFor(PATIENCE);
    await tabTo(/^Stop$/);
    await press('Enter');
    await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
  });

  step('it is published with a note', async () => {
    const { page } = person;
    await tabTo(/^Publish$/);
    await press('Enter');
    const dialog = page.getByRole('dialog', { name: `Publish ${FLOW}` });
    await dialog.waitFor();
    await tabTo(/^Note/);
    await type('made without a mouse');
    await tabTo(/^Publish$/);
    await press('Enter');
    await dialog.getByText('Version 1 is published').waitFor();
    await tabTo(/^Deploy version 1$/);
    await press('Enter');
    await page.getByRole('dialog').getByText('made without a mouse, ').waitFor();
  });

  step(
    'it is deployed, and runs',
    async () => {
      const { page } = person;
      await tabTo(/^Group/);
      await press('ArrowDown');
      await page.getByRole('option', { name: 'line-1' }).waitFor();
      await press('ArrowDown');
      await press('Enter');
      await page.getByRole('button', { name: `Deploy ${FLOW}@1 to 1 node` }).waitFor();
      await tabTo(new RegExp(`^Deploy ${FLOW}@1 to 1 node`));
      await press('Enter');
      await page.getByRole('heading', { name: `${FLOW}@1 to line-1` }).waitFor();
      await page.getByRole('table', { name: 'Targets' }).getByText('runs it').waitFor(PATIENCE);
    },
    180_000,
  );

  step(
    'its alerts are reached, opened and acknowledged',
    async () => {
      const { page } = person;
      await find('Alerts');
      const row = page
        .getByRole('table', { name: 'alerts' })
        .getByRole('row')
        .filter({ hasText: 'press-1' })
        .first();
      await row.waitFor(PATIENCE);
      await tabTo(/press-1/);
      await press('Enter');
      const alert = page.getByRole('dialog', { name: 'Alert' });
      await alert.waitFor();
      await tabTo(/^Acknowledge$/);
      await press('Enter');
      await alert.getByText('Acknowledged').first().waitFor();
      await press('Escape');
    },
    180_000,
  );
});
