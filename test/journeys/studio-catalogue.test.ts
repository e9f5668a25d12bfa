/**
 * A better model, promoted in the studio: its contract and lineage are seen, the plan is shown before anything
 * happens, somebody else approves since the alias is guarded, it reaches its node, is taken back, and the history of
 * the alias tells all of it. Every page on the way is looked at in the dark and on a narrow screen too.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeInBrowser, Person, steps } from '../kit/browser.js';
import { Installation, until } from '../kit/millrace.js';
import { FLOAT, graph, model, node, tensorType, value } from '../kit/onnx.js';

const FLOW = 'pump-watch';
const MODEL = 'pump-strain';
const NODE = 'press-1';
const OPERATOR = { email: 'grace@example.org', name: 'Grace', role: 'operator', password: 'a long password' };
const LOOKS = [
  { theme: 'dark', width: 480, height: 900 },
  { theme: 'light', width: 1366, height: 768 },
] as const;
/** The rail, below its rooms. */
const AWAY = { x: 4, y: 600 };
const PATIENCE = { timeout: 60_000 };

/** One value a row, by one operator. */
const modelOf = (operator: string): Uint8Array =>
  model(
    graph({
      nodes: [node({ operator, inputs: ['x'], outputs: ['strain'] })],
      inputs: [value('x', tensorType(FLOAT, [null, 1]))],
      outputs: [value('strain', tensorType(FLOAT, [null, 1]))],
    }),
  );

/** With two known answers. */
const contractOf = (answer: (measured: number) => number, column: string) => ({
  columns: [{ name: column, dtype: 'float32', unit: 'bar', min: 0, max: 12 }],
  periodMs: 200,
  outputs: [{ name: 'strain', dtype: 'float32', unit: 'MPa', shape: [1] }],
  golden: [4, 9].map((measured) => ({
    input: { [column]: measured },
    output: { strain: [answer(measured)] },
    tolerance: 0.001,
  })),
  runtime: 'onnx',
  metrics: { rmse: 0.25 },
  trainedOn: 'MLflow run_id 7f3a, nine weeks of line 3',
});

const flow = `apiVersion: millrace/v1
kind: Flow
metadata: { name: ${FLOW} }
modules:
  pump:
    type: source.simulator
    settings: { signals: [{ name: pressure, shape: sine, hz: 5, amplitude: 4, offset: 8, periodMs: 6000 }] }
  strain:
    type: model.onnx
    from: [pump]
    settings:
      model: resource:${MODEL}@production
      inputs: [{ tensor: x, columns: [pressure] }]
      outputs: [{ tensor: strain, as: strain }]
  out: { type: sink.director, from: [strain], settings: { channel: result } }
`;

describeInBrowser('a better model promoted in the studio', () => {
  let it: Installation;
  let person: Person;
  let other: Person;
  let acting: Person;
  const step = steps(() => acting);
  /** When version 1 ran alone. */
  let before: Date;

  async function push(
    operator: string,
    answer: (measured: number) => number,
    note: string,
    column = 'pressure',
  ): Promise<void> {
    const [file, contract] = [join(it.folder, `${MODEL}.onnx`), join(it.folder, 'contract.json')];
    await writeFile(file, modelOf(operator));
    await writeFile(contract, JSON.stringify(contractOf(answer, column)));
    const about = ['--name', MODEL, '--kind', 'model', '--contract', contract, '--note', note];
    await it.json('resource', 'push', file, ...about);
  }

  /** Nothing hangs over the edge, and axe finds nothing. */
  async function clean(name: string): Promise<void> {
    await acting.settled();
    const faults: string[] = [];
    // What is under the mouse says more of itself.
    await acting.page.mouse.move(AWAY.x, AWAY.y);
    for (const look of LOOKS) {
      await acting.look(look.theme, look);
      await acting.shot(`catalogue-${name}-${look.theme}-${look.width}`);
      const found = [...(await acting.axe()), ...(await acting.overflow())];
      faults.push(...found.map((fault) => `${name}, ${look.theme}, ${look.width}: ${fault}`));
    }
    expect(faults).toEqual([]);
  }

  const card = (name: string) => acting.page.getByRole('region', { name, exact: true });
  const history = async () => {
    const opener = acting.page.getByRole('button', { name: 'History of production' });
    if ((await opener.getAttribute('aria-expanded')) === 'false') await opener.click();
    return acting.page.getByRole('table', { name: 'History of production' });
  };

  beforeAll(async () => {
    it = await Installation.create();
    await it.up();
    expect((await it.call('POST', '/v1/users', OPERATOR)).status).toBe(201);
    await push('Identity', (pressure) => pressure, 'as measured');
    await it.json('resource', 'alias', `${MODEL}@1`, 'production');
    await it.call('POST', '/v1/groups', { name: 'line-1' });
    await it.node(NODE, 'line-1');
    const file = join(it.folder, 'flow.yaml');
    await writeFile(file, flow);
    await it.json('flow', 'push', file);
    await it.json('flow', 'publish', FLOW);
    const strategy = { probationMs: 1_000 };
    const wanted = { flow: FLOW, version: 1, group: 'line-1', strategy };
    const { body } = await it.call<{ id: string }>('POST', '/v1/deployments', wanted);
    await push('Abs', Math.abs, 'never less than nothing');
    person = acting = await Person.at(it);
    await person.signIn();
    await until('version 1 of the flow on the node', async () => {
      const now = await it.call<{ state: string }>('GET', `/v1/deployments/${body.id}`);
      return now.body.state === 'succeeded';
    });
  }, 300_000);
  afterAll(async () => {
    await person?.leave();
    await other?.leave();
    await it.remove();
  }, 120_000);

  step('the page of a version tells its contract and where it comes from', async () => {
    const { page } = person;
    await page.getByRole('link', { name: 'Catalogue' }).click();
    await page.getByRole('table', { name: 'resources' }).getByText(MODEL).click();
    await page.getByRole('button', { name: /@1/ }).click();
    const contract = card('Contract');
    const row = contract.getByRole('row', { name: /pressure/ });
    expect(await row.textContent()).toBe('pressurefloat32bar0 to 12');
    expect(await contract.getByRole('row', { name: /strain/ }).textContent()).toBe('strainfloat32MPa1');
    for (const said of ['200 ms between rows', '2 vectors, within 0.001', 'rmse 0.25', /^MLflow run_id 7f3a/])
      await contract.getByText(said).waitFor();
    await card('Where it comes from')
      .getByText(/nine weeks of line 3/)
      .waitFor();
    await card('Where it is used')
      .getByRole('link', { name: `${FLOW}@1` })
      .waitFor();
    await card('Where it runs now').getByRole('link', { name: NODE }).waitFor(PATIENCE);
  });

  step('its alias is guarded: it moves by promotions alone', async () => {
    const { page } = person;
    await page.getByRole('button', { name: 'Guard production' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Guard' }).click();
    await page.getByText('guarded', { exact: true }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Move production' }).count()).toBe(0);
  });

  step('the plan says what a promotion would do, and it is asked for', async () => {
    const { page } = person;
    await page.getByRole('button', { name: /@2/ }).click();
    await card('Version 2').getByRole('button', { name: 'Promote' }).click();
    const sheet = page.getByRole('dialog', { name: `Promote ${MODEL}@2` });
    const plan = sheet.getByRole('region', { name: 'Plan' });
    await plan.getByText('production goes from @1 to @2, with 1 flow on 1 node.').waitFor();
    await plan.getByText(/^production is guarded/).waitFor();
    const planned = plan.getByRole('region', { name: FLOW });
    await planned.getByText('becomes @2, published anew').waitFor();
    await planned.getByRole('region', { name: 'Wave 1' }).getByText(NODE).waitFor();
    await sheet.getByText('Stands at @1, guarded').waitFor();
    await sheet.getByRole('textbox', { name: 'Note' }).fill('less noise on line 3');
    await clean('promote');
    await sheet.getByText('How it goes').click();
    await sheet.getByRole('textbox', { name: 'Probation', exact: true }).fill('1');
    await sheet.getByRole('button', { name: 'Ask for approval' }).click();
    await page.getByRole('heading', { name: `${MODEL}@2 to production` }).waitFor();
    await page.getByText('awaits approval', { exact: true }).waitFor();
    await page.getByText('less noise on line 3').waitFor();
    // Whoever asked does not approve.
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    const { body } = await it.call<{ aliases: object }>('GET', `/v1/resources/${MODEL}`);
    expect(body.aliases).toEqual({ production: 1 });
  });

  step('somebody else finds that it waits for them, sees what would happen, and approves', async () => {
    other = acting = await Person.at(it);
    await other.signIn(OPERATOR);
    const { page } = other;
    await page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: 'Catalogue' }).click();
    await page.getByRole('tab', { name: 'Promotions: 1 waits for you' }).click();
    await page.getByRole('table', { name: 'Promotions' }).getByText('waits for you').waitFor();
    await clean('promotions');
    await page.getByRole('link', { name: `Look at ${MODEL}@2 to production` }).click();
    await card('What would happen now')
      .getByText(/^production goes from @1 to @2/)
      .waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.getByText(/, approved .+ by Grace/).waitFor();
  });

  step(
    'who asked sees it arrive without doing anything, and what ran before',
    async () => {
      acting = person;
      const { page } = person;
      await page.getByText('succeeded', { exact: true }).first().waitFor(PATIENCE);
      const flows = page.getByRole('table', { name: 'Flows' });
      expect(await flows.getByRole('row', { name: /line-1/ }).textContent()).toMatch(
        /pump-watch@2line-1@1succeeded1\/1/,
      );
      await clean('promotion');
      await flows.getByRole('link', { name: `Watch ${FLOW}@2 on line-1` }).click();
      await page.getByRole('link', { name: 'Part of a promotion' }).click();
      await page.getByRole('link', { name: `production of ${MODEL}` }).click();
      await page.getByRole('button', { name: /@2/ }).first().click();
      await card('Where it runs now').getByRole('link', { name: NODE }).waitFor(PATIENCE);
      await page.getByRole('button', { name: /@1/ }).first().click();
      await card('Where it runs now').getByText('No node runs it').waitFor();
      const { body } = await it.call<{ items: { since: string; until: string }[] }>(
        'GET',
        `/v1/resources/${MODEL}/versions/1/nodes`,
      );
      const [ran] = body.items;
      before = new Date((Date.parse(ran!.since) + Date.parse(ran!.until)) / 2);
      await page.getByLabel('At', { exact: true }).fill(localTime(before));
      await card('Where it ran then').getByRole('link', { name: NODE }).waitFor();
    },
    120_000,
  );

  step('one button takes it back, and the history shows it all', async () => {
    const { page } = person;
    await page.getByRole('link', { name: 'Catalogue' }).first().click();
    await page.getByRole('tab', { name: 'Promotions' }).click();
    await page.getByRole('table', { name: 'Promotions' }).getByText('succeeded', { exact: true }).click();
    await page.getByRole('button', { name: 'Go back to @1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go back to @1' }).click();
    await page.getByText('rolled back', { exact: true }).first().waitFor();
    await until('the node to run version 1 again', async () => {
      const { body } = await it.call<{ items: { node: string }[] }>(
        'GET',
        `/v1/resources/${MODEL}/versions/1/nodes?running=true`,
      );
      return body.items.length === 1;
    });
    await page.getByRole('link', { name: `production of ${MODEL}` }).click();
    const moves = await history();
    await moves.getByText('the promotion was taken back').waitFor();
    const rows = (await moves.getByRole('row').allTextContents()).slice(1);
    expect(rows).toEqual([
      expect.stringMatching(/^@2@1.+Promotionthe promotion was taken back$/),
      expect.stringMatching(/^@1@2.+GracePromotionless noise on line 3$/),
      expect.stringMatching(/^new@1.+by hand$/),
    ]);
    await clean('history');
    await moves.getByRole('link', { name: 'Promotion' }).first().click();
    await page.getByText('rolled back', { exact: true }).first().waitFor();
  });

  step('a version that the flow does not fit is refused by its plan, with the reason', async () => {
    await push('Neg', (temperature) => -temperature, 'of another sensor', 'temperature');
    const { page } = person;
    await person.go(`/catalogue/${MODEL}?version=3&promote=production`);
    const sheet = page.getByRole('dialog', { name: `Promote ${MODEL}@3` });
    await sheet.getByText(/^It would be refused/).waitFor();
    await sheet
      .getByRole('region', { name: FLOW })
      .getByText(/temperature/)
      .first()
      .waitFor();
    expect(await sheet.getByRole('button', { name: 'Ask for approval' }).isDisabled()).toBe(true);
  });
});

/** As a field of local time takes it. */
const localTime = (at: Date): string =>
  new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
