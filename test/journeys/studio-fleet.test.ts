/**
 * A fleet of 5,000 nodes in the studio: the list scrolls through all of them with few in the page, its filters
 * answer with the right number, and one that is far down opens.
 */
import { describeInBrowser, Person } from '../kit/browser.js';
import { writeNodes } from '../kit/many-nodes.js';
import { Installation, until } from '../kit/millrace.js';

const COUNT = 5_000;
const LINES = 50;
/** Rows that may be in the page at once, on a screen that shows a dozen. */
const MOST_ROWS = 60;
/** Less than what is in the page, so that every row is in it once as one scrolls by. */
const STEP_PX = 600;

/** Of the rows that were in the page at any frame since WATCH. */
interface Watched {
  names: number;
  /** The most that there were at once. */
  most: number;
  /** Indices of the first and the last row that are in it now. */
  first: number;
  last: number;
}
const WATCH = `{
  const names = new Set();
  let most = 0;
  let rows = [];
  const look = () => {
    rows = [...document.querySelectorAll('[role=table][aria-label=nodes] [role=row][data-index]')];
    most = Math.max(most, rows.length);
    for (const row of rows) {
      const name = /press-\\d{5}/.exec(row.textContent);
      if (name) names.add(name[0]);
    }
    requestAnimationFrame(look);
  };
  look();
  const index = (row) => Number(row?.dataset.index ?? 0);
  globalThis.watched = () => ({ names: names.size, most, first: index(rows[0]), last: index(rows.at(-1)) });
}`;

describeInBrowser('a fleet of 5,000 nodes in the studio', () => {
  let it: Installation;
  let person: Person;

  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
    await writeNodes(it, { count: COUNT, lines: LINES });
    await it.json('group', 'create', 'pilot');
    await it.node('pilot-1', 'pilot');
    await until('the agent to be online', async () => {
      const { body } = await it.call<{ online: number; total: number }>('GET', '/v1/nodes:count');
      return body.online === 1 && body.total === COUNT + 1;
    });
    person = await Person.at(it);
    await person.signIn();
  }, 240_000);
  afterAll(async () => {
    await person?.leave();
    await it.remove();
  }, 120_000);
  afterEach(async () => {
    await person.shot('fleet-last');
    expect(person.errors.splice(0)).toEqual([]);
  });

  const table = () => person.page.getByRole('table', { name: 'nodes' });
  const rows = () => table().locator('[role=row][data-index]');
  /** Of the header too, as a screen reader says it. */
  const said = async () => Number(await table().getAttribute('aria-rowcount')) - 1;

  test('the list says how many there are, and reads on as one scrolls, to the last one', async () => {
    const { page } = person;
    await page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: 'Nodes' }).click();
    await page.getByRole('button', { name: '5,001 nodes' }).waitFor();
    await table().getByText('pilot-1').waitFor();
    expect(await said()).toBe(COUNT + 1);
    await page.evaluate(WATCH);
    await table().hover();
    let way = 1;
    await until(
      'the end of the list, with every node seen on the way',
      async () => {
        for (let turn = 0; turn < 10; turn++) {
          await page.mouse.wheel(0, way * STEP_PX);
          await page.waitForTimeout(40);
        }
        const { names, first, last } = await page.evaluate<Watched>('globalThis.watched()');
        // What went by too fast for one frame is looked for on the way back.
        if (last === COUNT) way = -1;
        else if (first === 0) way = 1;
        return names === COUNT;
      },
      180_000,
    );
    const { most } = await page.evaluate<Watched>('globalThis.watched()');
    expect(most).toBeLessThan(MOST_ROWS);
    await page.getByText('5,001 shown').waitFor();
  }, 240_000);

  test('the keyboard goes to the end and back', async () => {
    const { page } = person;
    await rows().last().focus();
    await page.keyboard.press('Home');
    await table().getByText('pilot-1').waitFor();
    await page.keyboard.press('End');
    await table().getByText('press-00001').waitFor();
    expect(await rows().count()).toBeLessThan(MOST_ROWS);
  }, 60_000);

  test('a filter by label gives the nodes of that line, and how many', async () => {
    const { page } = person;
    const filter = page.getByRole('combobox', { name: 'Filter nodes' });
    await filter.fill('labels.line==7');
    await page.getByText(`${COUNT / LINES} shown`).waitFor();
    expect(await said()).toBe(COUNT / LINES);
    const labels = await table()
      .getByText(/^line=/)
      .allTextContents();
    expect(new Set(labels)).toEqual(new Set(['line=7']));
    await filter.fill('labels.line==');
    await page.getByText('The filter cannot be read yet').waitFor();
    await filter.fill('labels.line==none');
    await page.getByText('No node fits the filter').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByText(/^pilot-1$/).waitFor();
  }, 60_000);

  test('offline and online are told apart, and count right', async () => {
    const { page } = person;
    await page.getByRole('button', { name: '1 online' }).click();
    await page.getByText('1 shown').waitFor();
    await table().getByText('pilot-1').waitFor();
    await page.getByRole('button', { name: '5,000 offline' }).click();
    await page.getByText(/ of 5,000 read/).waitFor();
    expect(await said()).toBe(COUNT);
    expect(await table().getByText('pilot-1').count()).toBe(0);
    expect(page.url()).toContain('filter=status%3D%3Doffline');
    await page.reload();
    await page.getByText(/ of 5,000 read/).waitFor();
  }, 60_000);

  test('one of them opens, also one that was found by its name', async () => {
    const { page } = person;
    await page.getByRole('combobox', { name: 'Filter nodes' }).fill('name==press-02*4');
    await page.getByText('100 shown').waitFor();
    await page.getByRole('combobox', { name: 'Filter nodes' }).fill('name==press-02504');
    await page.getByText('1 shown').waitFor();
    await table().getByText('press-02504').click();
    await page.getByRole('heading', { name: 'press-02504' }).waitFor();
    await page.getByRole('tab', { name: 'Facts' }).click();
    await page.getByText('Offline').first().waitFor();
    expect(page.url()).toMatch(/\/nodes\/00many/);
  }, 60_000);
});
