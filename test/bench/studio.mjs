/**
 * Frames a second while a module of a flow of 500 is dragged in the studio, in headless Chromium, against what the
 * display gives while nothing moves, in turn. Starts a director of its own from the build, and ends it.
 *
 * Needs a Chromium: the variable MILLRACE_CHROMIUM, or /usr/bin/chromium.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { paired, rounded } from './kit/pairs.mjs';

const MODULES = 500;
const FLOW = `studio-drag-${MODULES}`;
const LANES = 20;
/** Two seconds at 8 ms a move. */
const MOVES = 240;
const command = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url));

export async function run({ pairs }) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  // A database that root starts must get here as another user.
  await chmod(folder, 0o711);
  const up = ['up', '--json', '--port', '0', '--data', join(folder, 'data')];
  const director = spawn(process.execPath, [command, ...up], { stdio: ['ignore', 'pipe', 'ignore'] });
  let browser;
  try {
    const { url, token } = JSON.parse(await firstLine(director));
    await makeFlow(url, token);
    browser = await chromium.launch({
      executablePath: process.env.MILLRACE_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
    });
    const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
    await page.addInitScript((kept) => localStorage.setItem('millrace.session', kept), session(token));
    await page.goto(`${url}/flows/${FLOW}`);
    await page.waitForSelector('.react-flow__node', { timeout: 120_000 });
    await page.waitForTimeout(3_000);
    const lines = [];
    for (const sight of ['all in sight', 'near']) {
      if (sight === 'near') await comeNear(page);
      const { value, limit, ratio } = await paired(
        pairs,
        () => frames(page, () => drag(page)),
        () => frames(page, () => page.waitForTimeout(2_000)),
      );
      const figures = {
        value: rounded(value),
        unit: 'frames/s',
        limit: rounded(limit),
        ratio: rounded(ratio),
      };
      lines.push({
        name: 'studio',
        case: `drag of ${MODULES} modules, ${sight}`,
        ...figures,
        goal: '>50 frames/s',
        pairs,
      });
    }
    return lines;
  } finally {
    await browser?.close();
    const gone = once(director, 'exit');
    if (director.exitCode === null && director.kill('SIGTERM')) await gone;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Frames a second while something is done. */
async function frames(page, act) {
  await page.evaluate(() => {
    globalThis.drawn = 0;
    globalThis.began = performance.now();
    const tick = () => {
      globalThis.drawn++;
      globalThis.ticking = requestAnimationFrame(tick);
    };
    globalThis.ticking = requestAnimationFrame(tick);
  });
  await act();
  return page.evaluate(() => {
    cancelAnimationFrame(globalThis.ticking);
    return (globalThis.drawn * 1_000) / (performance.now() - globalThis.began);
  });
}

async function drag(page) {
  const box = await inSight(page);
  const [x, y] = [box.x + Math.min(60, box.width / 2), box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 0; i < MOVES; i++) {
    await page.mouse.move(x + Math.sin(i / 12) * 80, y + Math.cos(i / 12) * 60);
    await page.waitForTimeout(8);
  }
  await page.mouse.up();
}

/** Until a card is large enough to be read. */
async function comeNear(page) {
  await page.mouse.move(860, 400);
  const width = () =>
    page.evaluate(() => document.querySelector('.react-flow__node').getBoundingClientRect().width);
  for (let i = 0; i < 20 && (await width()) < 110; i++) {
    await page.mouse.wheel(0, -100);
    await page.waitForTimeout(200);
  }
  await page.waitForTimeout(1_000);
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

async function makeFlow(url, token) {
  const made = await fetch(`${url}/v1/flows`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: FLOW, text: flowText() }),
  });
  if (!made.ok) throw new Error(`The flow could not be made: ${made.status} ${await made.text()}`);
}

function session(token) {
  return JSON.stringify({ token, expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
}

/** What the director says when it is ready; two minutes are enough on a busy machine. */
function firstLine(child) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the director was not ready within 2 minutes')), 120_000);
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\n')) return;
      clearTimeout(late);
      resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the director ended with ${code}`));
    });
  });
}
