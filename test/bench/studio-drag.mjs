/**
 * Frames a second while a module of a flow of 500 is dragged in the studio, in headless Chromium.
 *
 *   node test/bench/studio-drag.mjs http://127.0.0.1:8080 TOKEN [--modules 500] [--keep]
 *
 * Makes a flow of its own at the director and deletes it again. Says for each sight of the canvas the frames a
 * second, the slowest frames, and what script and drawing took of a frame, as JSON. Needs a Chromium: the
 * variable CHROMIUM, or /usr/bin/chromium.
 */
import { chromium } from 'playwright-core';

const [url, token, ...flags] = process.argv.slice(2);
if (url === undefined || token === undefined) {
  console.error('usage: studio-drag.mjs URL TOKEN [--modules N] [--keep]');
  process.exit(64);
}
const MODULES = Number(flags[flags.indexOf('--modules') + 1] || 500) || 500;
const FLOW = `studio-drag-${MODULES}`;
const LANES = 20;
const MOVES = 240;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
});
try {
  await ask('DELETE', `/v1/flows/${FLOW}`);
  const made = await ask('POST', '/v1/flows', { name: FLOW, text: flowText() });
  if (!made.ok) throw new Error(`The flow could not be made: ${made.status} ${await made.text()}`);
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
  await page.addInitScript((kept) => localStorage.setItem('millrace.session', kept), session());
  await page.goto(`${url}/flows/${FLOW}`);
  await page.waitForSelector('.react-flow__node', { timeout: 120_000 });
  await page.waitForTimeout(3_000);
  const all = await drag(page);
  await page.mouse.move(860, 400);
  const zoom = () =>
    page.evaluate(() => document.querySelector('.react-flow__node').getBoundingClientRect().width);
  for (let i = 0; i < 20 && (await zoom()) < 110; i++) {
    await page.mouse.wheel(0, -100);
    await page.waitForTimeout(200);
  }
  await page.waitForTimeout(1_000);
  const near = await drag(page);
  console.log(JSON.stringify({ modules: MODULES, all, near }, null, 2));
} finally {
  await browser.close();
  if (!flags.includes('--keep')) await ask('DELETE', `/v1/flows/${FLOW}`);
}

async function drag(page) {
  const box = await inSight(page);
  const [x, y] = [box.x + Math.min(60, box.width / 2), box.y + box.height / 2];
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable');
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 5, y + 5);
  await page.evaluate(() => {
    globalThis.frames_ = [];
    let last = performance.now();
    const tick = (now) => {
      globalThis.frames_.push(now - last);
      last = now;
      globalThis.ticking_ = requestAnimationFrame(tick);
    };
    globalThis.ticking_ = requestAnimationFrame(tick);
  });
  const before = await metrics(tools);
  for (let i = 0; i < MOVES; i++) {
    await page.mouse.move(x + Math.sin(i / 12) * 80, y + Math.cos(i / 12) * 60);
    await page.waitForTimeout(8);
  }
  const after = await metrics(tools);
  const deltas = await page.evaluate(() => {
    cancelAnimationFrame(globalThis.ticking_);
    return globalThis.frames_.slice(1);
  });
  await page.mouse.up();
  await page.waitForTimeout(500);
  const took = deltas.reduce((sum, one) => sum + one, 0);
  const sorted = deltas.toSorted((a, b) => a - b);
  const ofFrame = (name) => round(((after[name] - before[name]) * 1_000) / deltas.length);
  return {
    inPage: await page.locator('.react-flow__node').count(),
    framesPerSecond: round((deltas.length * 1_000) / took),
    medianMs: round(sorted[Math.floor(sorted.length / 2)]),
    p95Ms: round(sorted[Math.floor(sorted.length * 0.95)]),
    slowestMs: round(sorted.at(-1)),
    scriptMsOfFrame: ofFrame('ScriptDuration'),
    layoutMsOfFrame: ofFrame('LayoutDuration'),
    styleMsOfFrame: ofFrame('RecalcStyleDuration'),
    busyMsOfFrame: ofFrame('TaskDuration'),
  };
}

/** A card that is whole in sight and on the canvas; a minute is enough on a busy machine. */
async function inSight(page) {
  const handle = await page.waitForFunction(
    () => {
      const pane = document.querySelector('.react-flow').getBoundingClientRect();
      for (const card of document.querySelectorAll('.react-flow__node')) {
        const { x, y, width, height, right, bottom } = card.getBoundingClientRect();
        if (x < pane.x + 100 || right > pane.right - 120) continue;
        if (y < pane.y + 100 || bottom > pane.bottom - 100) continue;
        return { x, y, width, height };
      }
      return undefined;
    },
    undefined,
    { timeout: 60_000 },
  );
  return handle.jsonValue();
}

async function metrics(tools) {
  const { metrics: list } = await tools.send('Performance.getMetrics');
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function flowText() {
  let text = `apiVersion: millrace/v1\nkind: Flow\nmetadata: { name: ${FLOW} }\nmodules:\n`;
  for (let i = 0; i < MODULES; i++) {
    text +=
      i < LANES
        ? `  m${i}:\n    type: source.simulator\n    settings: { signals: [{ name: s${i}, shape: sine }] }\n`
        : `  m${i}:\n    type: clean.range\n    from: [m${i - LANES}]\n    settings: { field: s${i % LANES}, min: 0, max: ${i} }\n`;
  }
  return text;
}

function ask(method, path, body) {
  return fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
}

function session() {
  return JSON.stringify({ token, expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
}

function round(value) {
  return Math.round(value * 10) / 10;
}
