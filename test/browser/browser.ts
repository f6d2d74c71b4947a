/** A real Chromium without windows, for the tests of one file. Where there is none and none can be fetched, they fail. */
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import { findChromium } from '#process/chromium';

const LONGEST_FETCH_MS = 15 * 60_000;
const LONGEST_STEP_MS = 20_000;

export interface Visit {
  readonly page: Page;
  /** What consoles called an error: scripts that threw, and what a page's own policy refused. */
  readonly complaints: readonly string[];
}

/** Opens a page that knows nothing of others, and is gone after the test. */
export type Visitor = (options?: BrowserContextOptions) => Promise<Visit>;

export function browserOfFile(): Visitor {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  }, LONGEST_FETCH_MS);
  afterAll(() => browser?.close());
  return async (options = {}) => {
    if (browser === undefined) throw new Error('the browser did not start');
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    context.setDefaultTimeout(LONGEST_STEP_MS);
    const page = await context.newPage();
    const complaints: string[] = [];
    context.on('weberror', (thrown) => complaints.push(thrown.error().message));
    context.on('console', (line) => {
      if (line.type() === 'error') complaints.push(line.text());
    });
    return { page, complaints };
  };
}

async function startBrowser(): Promise<Browser> {
  const folder = path.join(projectRoot(), '.millrace', 'chromium');
  const { command, env } = await findChromium(folder, (line) => process.stdout.write(`${line}\n`));
  // Its sandbox does not work for root, who runs tests in many a container. It sees pages of ours alone.
  const chromiumSandbox = process.getuid?.() !== 0;
  return chromium.launch({ executablePath: command, chromiumSandbox, ...(env === null ? {} : { env }) });
}
