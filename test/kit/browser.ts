/**
 * A headless Chromium as the machine has it, for the journeys through the studio.
 *
 * Guarantee: one browser a suite, ended with it; a page that logs an error or throws fails its journey; where there
 * is no Chromium the suite is skipped by a title that says so. With MILLRACE_SHOTS screenshots lie in that folder.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Installation } from './millrace.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** Every wait of a page ends by then. */
const WAIT_MS = 20_000;
const SETTLE_MS = 1_200;
/** Transitions take 150 ms, and charts are drawn anew. */
const REDRAW_MS = 400;

/** Node's `chromium` of the path, or what MILLRACE_CHROMIUM names. */
const executable = process.env.MILLRACE_CHROMIUM ?? found();

function found(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A suite that needs a browser. */
export function describeInBrowser(title: string, suite: () => void): void {
  if (executable !== undefined) describe(title, suite);
  else
    describe.skip(`${title}: no Chromium is installed (apt install chromium, or MILLRACE_CHROMIUM)`, suite);
}

/**
 * Steps of a journey, each a test that goes on where the one before ended; after one that failed the others fail at
 * once, since there is nothing to go on from.
 */
export function steps(person: () => Person): (title: string, act: () => Promise<void>, ms?: number) => void {
  let failed: string | undefined;
  return (title, act, ms = 60_000) =>
    test(
      title,
      async () => {
        if (failed !== undefined) throw new Error(`not tried, since this failed: ${failed}`);
        failed = title;
        try {
          await act();
        } catch (error) {
          await person().shot(`failed-${title.replaceAll(/\W+/g, '-')}`);
          throw error;
        }
        expect(person().errors.splice(0)).toEqual([]);
        failed = undefined;
      },
      ms,
    );
}

export interface Looks {
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
}

/** One person at one browser: signed in, with their own storage. */
export class Person {
  readonly errors: string[] = [];

  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    private readonly browser: Browser,
    private readonly installation: Installation,
    private readonly profile: string | undefined,
  ) {}

  /** `profile` keeps what the browser stores, also when it is killed. */
  static async at(installation: Installation, looks: Looks = {}, profile?: string): Promise<Person> {
    const options = {
      viewport: { width: looks.width ?? 1366, height: looks.height ?? 768 },
      colorScheme: looks.theme ?? 'light',
      baseURL: installation.url,
      acceptDownloads: true,
      // axe is put into the page, which the page's own policy forbids.
      bypassCSP: process.env.MILLRACE_CSP !== 'kept',
    } as const;
    const launch = { executablePath: executable, args: ARGS, headless: true };
    let context: BrowserContext;
    let browser: Browser | undefined;
    if (profile === undefined) {
      browser = await chromium.launch(launch);
      context = await browser.newContext(options);
    } else {
      context = await chromium.launchPersistentContext(profile, { ...launch, ...options });
    }
    context.setDefaultTimeout(WAIT_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    const person = new Person(page, context, browser ?? context.browser()!, installation, profile);
    page.on('console', (message) => {
      if (message.type() === 'error' && !isOfTheNetwork(message.text())) person.errors.push(message.text());
    });
    page.on('pageerror', (error) => person.errors.push(error.stack ?? error.message));
    return person;
  }

  /** By the page, as people do; as the admin of the installation unless told. */
  async signIn(
    { email, password } = this.installation as { email: string; password: string },
  ): Promise<void> {
    await this.page.goto(this.installation.url);
    await this.page.getByLabel('Email').fill(email);
    await this.page.getByRole('textbox', { name: 'Password' }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.installation.url + path);
  }

  /** Until nothing loads any more; live pages have their first values by then. */
  async settled(): Promise<void> {
    await this.page.getByRole('main').waitFor();
    await this.page.waitForFunction(`document.querySelector('main [aria-busy="true"]') === null`);
    await this.page.waitForTimeout(SETTLE_MS);
  }

  /** The same page as the system's theme and the window change. */
  async look(theme: 'light' | 'dark', size: { width: number; height: number }): Promise<void> {
    await this.page.emulateMedia({ colorScheme: theme });
    await this.page.setViewportSize(size);
    await this.page.waitForTimeout(REDRAW_MS);
  }

  /** Content that can only be reached by moving the whole page sideways. */
  overflow(): Promise<string[]> {
    return this.page.evaluate<string[]>(`['html', 'main']
      .map((name) => [name, document.querySelector(name)])
      .filter(([, element]) => element.scrollWidth > element.clientWidth + 1)
      .map(([name]) => name + ' is wider than the window')`);
  }

  /** Where MILLRACE_SHOTS says; nowhere without it. */
  async shot(name: string): Promise<void> {
    const folder = process.env.MILLRACE_SHOTS;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** What axe finds, a line a violation: rule, what it is about, where. */
  async axe(): Promise<string[]> {
    await this.page.addScriptTag({ path: axeSource });
    const found = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
      return (await axe.run()).violations;
    });
    return found.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, target }) => `${id}: ${help}: ${target.join(' ')} ${html.slice(0, 200)}`),
    );
  }

  /** As the machine's power does: SIGKILL to the browser's process, found by the folder of its profile. */
  async kill(): Promise<void> {
    if (this.profile === undefined) throw new Error('only a browser with a profile of its own is killed');
    const gone = new Promise((resolve) => this.context.once('close', resolve));
    for (const pid of await processesOf(this.profile)) process.kill(pid, 'SIGKILL');
    await gone;
    // What a browser that ended well would have removed.
    await rm(join(this.profile, 'SingletonLock'), { force: true });
  }

  /** Closes the browser as one does. */
  async leave(): Promise<void> {
    await this.context.close();
    await this.browser?.close();
  }
}

async function processesOf(profile: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const line = await readFile(join('/proc', entry, 'cmdline'), 'utf8').catch(() => '');
    if (line.includes(`--user-data-dir=${profile}`)) found.push(Number(entry));
  }
  return found;
}

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; target: string[] }[];
}

/** A director that is away on purpose is told by the browser too. */
const isOfTheNetwork = (text: string): boolean => /Failed to load resource|net::ERR_/.test(text);
