/**
 * Editing in unkind weather: two people on one flow, a browser that is killed, a director that is away, a session
 * that ends, a flow of 500 modules, names in any script, a file that is far too large. Nothing is lost, nothing is
 * overwritten unseen, and each is said.
 */
import { join } from 'node:path';
import { describeInBrowser, Person, steps } from '../kit/browser.js';
import { Canvas, dropFile } from '../kit/canvas.js';
import { Installation, until } from '../kit/millrace.js';

const FLOW = 'pump-watch';
const LARGE = 'plant-500';
const MODULES = 500;
/** Side by side, as the machines of a plant are. */
const LANES = 20;
/** The director comes back, the browser looks again in longer and longer steps. */
const PATIENCE = { timeout: 90_000 };

const text = `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${FLOW} }
modules:
  # The pump of line 1.
  pump:
    type: source.simulator
    settings: { signals: [{ name: pressure, shape: sine, hz: 5 }] }
  low:
    type: clean.range
    from: [pump]
    settings: { field: pressure, min: 0, max: 10 }
  high:
    type: clean.range
    from: [pump]
    settings: { field: pressure, min: 10, max: 20 }
`;

const large = `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${LARGE} }
modules:
${Array.from({ length: MODULES }, (_, index) =>
  index < LANES
    ? `  m${index}: { type: source.simulator, settings: { signals: [{ name: s, shape: sine }] } }`
    : `  m${index}: { type: clean.range, from: [m${index - LANES}], settings: { field: s, max: ${index} } }`,
).join('\n')}
`;

describeInBrowser('editing in the studio', () => {
  let it: Installation;
  let first: Person;
  let second: Person;
  const step = steps(() => first);

  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
    await it.call('POST', '/v1/flows', { name: FLOW, text });
    await it.call('POST', '/v1/flows', { name: LARGE, text: large });
    first = await Person.at(it, {}, join(it.folder, 'profile'));
    await first.signIn();
    second = await Person.at(it);
    await second.signIn();
  }, 240_000);
  afterAll(async () => {
    await second?.leave();
    await first?.leave();
    await it.remove();
  }, 120_000);

  const draft = async (flow = FLOW) =>
    (await it.call<{ text: string }>('GET', `/v1/flows/${flow}/draft`)).body.text;
  const at = (person: Person, flow = FLOW) => new Canvas(person.page, flow);

  async function open(person: Person, flow = FLOW): Promise<Canvas> {
    await person.go(`/flows/${flow}`);
    const canvas = at(person, flow);
    await canvas.card(flow === FLOW ? 'pump' : 'm0').waitFor(PATIENCE);
    return canvas;
  }
  async function setMost(canvas: Canvas, id: string, value: string): Promise<void> {
    await canvas.card(id).click();
    await canvas.inspector(id).getByRole('textbox', { name: 'Max' }).fill(value);
  }
  const most = (canvas: Canvas, id: string) =>
    canvas.inspector(id).getByRole('textbox', { name: 'Max' }).inputValue();

  step('what two people change in different places is joined, and each is told of the other', async () => {
    const [one, two] = [await open(first), await open(second)];
    await setMost(one, 'low', '11');
    await second.page.getByText(/ changed low$/).waitFor();
    await setMost(two, 'high', '21');
    await first.page.getByText(/ changed high$/).waitFor();
    await one.card('high').click();
    await until('the other value in the form', async () => (await most(one, 'high')) === '21');
    await until('both at the director', async () => /max: 11[^]*max: 21/.test(await draft()));
    expect(await draft()).toContain('# The pump of line 1.');
  });

  step(
    'the same setting changed by both at once shows both values, and one chooses',
    async () => {
      const [one, two] = [at(first), at(second)];
      // The second is cut off while both change it, so that neither is told before.
      await second.context.setOffline(true);
      await setMost(two, 'low', '33');
      await second.page.getByRole('status').filter({ hasText: 'not saved yet' }).waitFor(PATIENCE);
      await setMost(one, 'low', '22');
      await until('the first at the director', async () => (await draft()).includes('max: 22'));
      await second.context.setOffline(false);
      const clash = second.page.getByRole('alert', { name: 'Changes that clash' });
      await clash.waitFor(PATIENCE);
      await clash.getByText('Mine: 33').waitFor();
      await clash.getByText('Theirs: 22').click();
      expect(await draft()).toContain('max: 22');
      await clash.getByText('Mine: 33').click();
      await clash.getByRole('button', { name: 'Save what is chosen' }).click();
      await two.saved();
      await until('the choice at the director', async () => (await draft()).includes('max: 33'));
      await one.card('low').click();
      await until('the choice at the other', async () => (await most(one, 'low')) === '33');
    },
    150_000,
  );

  step('two people publish at once, and both are told what happened', async () => {
    const dialogs = [];
    for (const { page } of [first, second]) {
      await page.getByRole('button', { name: 'Publish', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: `Publish ${FLOW}` });
      await dialog.getByRole('textbox', { name: 'Note' }).fill('both at once');
      dialogs.push(dialog);
    }
    await Promise.all(dialogs.map((dialog) => dialog.getByRole('button', { name: 'Publish' }).click()));
    const said = await Promise.all(
      dialogs.map(async (dialog) => {
        const outcome = dialog.getByText(/^Version 1 (is published|has exactly this already)/);
        await outcome.waitFor();
        return (await outcome.textContent())!;
      }),
    );
    expect(said.filter((one) => one.includes('is published'))).toHaveLength(1);
    for (const dialog of dialogs) await dialog.getByRole('button', { name: 'Go on editing' }).click();
    const { body } = await it.call<{ items: unknown[] }>('GET', `/v1/flows/${FLOW}/versions`);
    expect(body.items).toHaveLength(1);
  });

  step(
    'the director stops in mid-edit: edits go on, are kept here, and reach it when it is back',
    async () => {
      const canvas = at(first);
      const { port } = new URL(it.url);
      await it.down();
      await setMost(canvas, 'high', '44');
      await first.page.getByRole('status').filter({ hasText: 'kept in this browser' }).waitFor(PATIENCE);
      await setMost(canvas, 'low', '43');
      await it.up('--port', port);
      await canvas.saved();
      await until('both edits at the director', async () => /max: 43[^]*max: 44/.test(await draft()), 90_000);
    },
    240_000,
  );

  step(
    'the browser is killed in mid-edit while the director is away: the edit is there again',
    async () => {
      const { port } = new URL(it.url);
      await it.down('SIGKILL');
      await setMost(at(first), 'high', '55');
      await first.page.getByRole('status').filter({ hasText: 'kept in this browser' }).waitFor(PATIENCE);
      await first.kill();
      await it.up('--port', port);
      first = await Person.at(it, {}, join(it.folder, 'profile'));
      const canvas = await open(first);
      await canvas.saved();
      await canvas.card('high').click();
      expect(await most(canvas, 'high')).toBe('55');
      await until('the edit at the director', async () => (await draft()).includes('max: 55'));
    },
    240_000,
  );

  step(
    'a session that ends in mid-edit: one signs in again, and the edit is kept',
    async () => {
      const canvas = at(first);
      const session = await first.page.evaluate<string>(
        `JSON.parse(localStorage.getItem('millrace.session')).token`,
      );
      // Cut off while the session ends, so that the edit surely comes before the page is told.
      await first.context.setOffline(true);
      await setMost(canvas, 'high', '66');
      await first.page.getByRole('status').filter({ hasText: 'not saved yet' }).waitFor(PATIENCE);
      await it.call('DELETE', '/v1/sessions/current', undefined, session);
      await first.context.setOffline(false);
      await first.page.getByRole('heading', { name: 'Sign in to Millrace' }).waitFor(PATIENCE);
      await first.page.getByText(/what you drew is kept/i).waitFor();
      await first.page.getByLabel('Email').fill(it.email);
      await first.page.getByRole('textbox', { name: 'Password' }).fill(it.password);
      await first.page.getByRole('button', { name: 'Sign in' }).click();
      await canvas.card('high').click();
      await until('the edit in the form', async () => (await most(canvas, 'high')) === '66');
      await until('the edit at the director', async () => (await draft()).includes('max: 66'));
    },
    120_000,
  );

  step(
    'a flow of 500 modules opens, and is edited',
    async () => {
      const canvas = await open(first, LARGE);
      await setMost(canvas, 'm250', '7777');
      await canvas.saved();
      await until('the edit at the director', async () => (await draft(LARGE)).includes('max: 7777'), 60_000);
      await first.page.getByRole('button', { name: /^Undo/ }).click();
      await until(
        'the step back at the director',
        async () => !(await draft(LARGE)).includes('7777'),
        60_000,
      );
    },
    180_000,
  );

  step(
    'names in any script stay as they were written',
    async () => {
      const canvas = await open(first);
      const message = 'Давление 圧力 ضغط 🌡 {pressure} °C';
      await canvas.drop('Alert', { x: 120, y: 380 });
      const alert = canvas.inspector('alert');
      await alert.getByRole('textbox', { name: /^When, required/ }).fill('pressure > 0');
      const more = alert.getByRole('button', { name: /^More settings/, expanded: false });
      while ((await more.count()) > 0) await more.first().click();
      const field = alert.getByRole('textbox', { name: 'Message' });
      await field.fill(message);
      await field.blur();
      await until('the message at the director', async () => (await draft()).includes(message));
      await first.page.reload();
      await canvas.card('alert').click();
      await until(
        'the message in the form',
        async () => (await field.inputValue().catch(() => '')) === message,
      );
      expect(await first.overflow()).toEqual([]);
    },
    120_000,
  );

  step(
    'a file of 200 MB that is dropped by mistake is refused with the limit and the way out',
    async () => {
      const { page } = first;
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      const input = page.getByRole('region', { name: 'Input of pump' });
      await dropFile(input, { name: 'все-данные.csv', bytes: 200_000_000 });
      await input
        .getByRole('alert')
        .filter({ hasText: /все-данные\.csv has 200 MB, and a test file may have at most/ })
        .waitFor();
      await input.getByText(/put it into the catalogue/).waitFor();
      // And the page goes on.
      await dropFile(input, { name: 'some.csv', text: 't,pressure\n1,2\n2,3\n' });
      await input.getByText('2 columns').waitFor();
    },
    120_000,
  );
});
