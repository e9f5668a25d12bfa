/**
 * From signing in to a flow that runs on a node, by the keyboard alone: no click, no mouse. Where one is comes from
 * the focus, as a screen reader says it; Tab goes on until the one that is wanted is reached.
 */
import { describeInBrowser, Person, steps } from '../kit/browser.js';
import { Canvas } from '../kit/canvas.js';
import { Installation } from '../kit/millrace.js';

const FLOW = 'pump-watch';
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
    await it.json('group', 'create', 'line-1');
    await it.node('press-1', 'line-1');
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
    await type('pressure > 0');
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
    'its alerts are reached and opened',
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
      await page.getByRole('dialog', { name: 'Alert' }).waitFor();
      await press('Escape');
    },
    180_000,
  );
});
