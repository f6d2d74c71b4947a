/** What an operator does in a browser: signs in, finds what failed on the board, and puts it back. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { POISON } from '#testing/poison';
import { IRIS } from '#testing/predictions';
import { startPoisonableWorker } from '../poisonable-worker.js';
import { fleetFor } from '../stage.js';
import { browserOfFile, type Visit } from './browser.js';

const fleet = fleetFor('file', { AUTH: 'on' });
const visit = browserOfFile();
let api: FleetProcess;
let client: Caller;
let operator: Caller;

beforeAll(async () => {
  api = await fleet.api();
  const admin = new Caller(api, await api.firstKey());
  client = await admin.make(['predict'], 'shop');
  operator = await admin.make(['operate'], 'night-shift');
});

const SIGN_IN_ASKED = 'Failed to load resource: the server responded with a status of 401 (Unauthorized)';

/** Asks for a page, is asked for a key, and is let to where it wanted to go. */
async function signIn(path: string): Promise<Visit> {
  const visited = await visit();
  const { page } = visited;
  await page.goto(`${api.opsUrl}${path}`);
  await page.getByLabel('API key').fill(operator.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${api.opsUrl}${path}`);
  return visited;
}

/** @returns the id of a prediction that no worker of this test's could run */
async function failForGood(): Promise<string> {
  const worker = await startPoisonableWorker(fleet.settings);
  const body = { version: 'iris', input: { ...(IRIS.input as object), sepal_length: POISON } };
  const { json } = await client.call('POST', '/v1/predictions', { body, headers: { prefer: 'wait=30' } });
  expect(json).toMatchObject({ status: 'failed', error_code: 'crashed' });
  await worker.stop();
  return json.id;
}

async function statusOn(page: Page): Promise<string> {
  return page.locator('main p strong').innerText();
}

describe('an operator', () => {
  it('signs in, finds a failed prediction on the board, and puts it back, where it succeeds', async () => {
    const failedId = await failForGood();
    const { page: board, complaints } = await signIn('/ops');
    await board.getByRole('link', { name: 'Queues' }).click();
    await board.locator('a[href$="/queue/iris-retry?status=failed"]').click();
    await board.getByText('crashed: ').waitFor();
    const opened = board.context().waitForEvent('page');
    await board.getByRole('link', { name: 'Open its prediction' }).click();
    const page = await opened;
    await page.waitForURL(`**/ops/predictions/${failedId}`);
    expect(await statusOn(page)).toBe('failed');
    await page.getByRole('button', { name: 'Put back' }).click();

    await page.waitForURL((url) => url.pathname.startsWith('/ops/predictions/') && !url.pathname.endsWith(failedId));
    const freshId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByText('Put back from').getByRole('link', { name: failedId }).waitFor();
    expect(await statusOn(page)).toBe('starting');
    // What killed it is mended.
    await fleet.worker();
    await until(async () => (await page.reload()) && (await statusOn(page)) === 'succeeded', {
      deadlineMs: 20_000,
      what: 'the new prediction to succeed',
    });
    const { json: fresh } = await client.call('GET', `/v1/predictions/${freshId}`);
    expect(fresh).toMatchObject({ status: 'succeeded', metadata: { retry_of: failedId } });
    expect(await page.getByRole('button', { name: 'Put back' }).count()).toBe(0);
    await page.goto(`${api.opsUrl}/ops/predictions/${failedId}`);
    expect(await statusOn(page)).toBe('failed');
    expect([...new Set(complaints)]).toEqual([SIGN_IN_ASKED]);
  }, 120_000);
});

it('a model is paused, resumed and drained by its buttons, and its predictions say so', async () => {
  const { json } = await client.call('POST', '/v1/predictions', { body: { ...IRIS, version: 'iris' } });
  const { page, complaints } = await signIn('/ops');
  const row = page.getByRole('row', { name: /iris/ }).first();
  await row.getByRole('button', { name: 'Pause' }).click();
  await row.getByText(/paused since .* by night-shift/).waitFor();
  const { page: other } = await signIn(`/ops/predictions/${json.id}`);
  await other
    .getByRole('status')
    .filter({ hasText: /iris(:| has been) paused since .* by night-shift/ })
    .waitFor();
  await row.getByRole('button', { name: 'Drain' }).click();
  await row.getByText(/draining since .* by night-shift/).waitFor();
  const refused = await client.call('POST', '/v1/predictions', { body: IRIS });
  expect([refused.status, refused.json.code]).toEqual([503, 'model_draining']);
  await row.getByRole('button', { name: 'Resume' }).click();
  await row.getByText('running').waitFor();
  expect(complaints).toEqual([SIGN_IN_ASKED]);
});

describe('the board', () => {
  const PLACES = ['', 'queue/iris?status=completed', 'queue/iris-bulk', 'queue/iris-announcements'];
  /** What Bull Board calls what it can do to queues and jobs. */
  const HARMFUL =
    /retry|clean|empty|remove|delete|obliterate|promote|pause|resume|add job|duplicate|update|concurrency/i;

  it('offers nothing that would touch a queue or a job, and takes no such call from an operator', async () => {
    await client.call('POST', '/v1/predictions', { body: IRIS });
    const { page } = await signIn('/ops/queues');
    for (const place of PLACES) {
      await page.goto(`${api.opsUrl}/ops/queues/${place}`);
      await page.getByText('iris-bulk').first().waitFor();
      const offered = await controlsOf(page);
      expect(offered.length, place).toBeGreaterThan(3);
      expect(
        offered.filter((name) => HARMFUL.test(name)),
        place,
      ).toEqual([]);
    }
    for (const call of ['retry/failed', 'clean/completed', 'pause', 'empty', 'obliterate', 'promote', 'add']) {
      const answers = ['put', 'post'].map((method) =>
        page.request.fetch(`${api.opsUrl}/ops/queues/api/queues/iris/${call}`, { method }),
      );
      for (const answer of await Promise.all(answers))
        expect([404, 405, 403], `${call} ${answer.url()}`).toContain(answer.status());
    }
  });
});

/** Names of all that can be pressed, what opens in menus too. */
async function controlsOf(page: Page): Promise<string[]> {
  const names: string[] = [];
  const note = async (): Promise<void> => {
    for (const control of await page.locator('button, [role=menuitem]').all()) {
      const [label, title, text] = await Promise.all([
        control.getAttribute('aria-label'),
        control.getAttribute('title'),
        control.innerText(),
      ]);
      names.push([label, title, text].join(' ').trim());
    }
  };
  await note();
  for (const menu of await page.locator('[aria-haspopup=menu]').all()) {
    await menu.click();
    await page.getByRole('menu').waitFor();
    await note();
    await page.keyboard.press('Escape');
  }
  return names;
}

describe('somebody who has not signed in', () => {
  it.each(['/', '/ops', '/ops/failed', '/ops/predictions/x', '/ops/queues', '/ops/queues/queue/iris', '/ops/nothing'])(
    'is shown the way in at %s, and nothing else',
    async (path) => {
      const { page, complaints } = await visit();
      const response = await page.goto(`${api.opsUrl}${path}`);
      expect(response?.status()).toBe(401);
      expect(await page.title()).toBe('Sign in - Millrace');
      expect(await page.getByLabel('API key').isVisible()).toBe(true);
      expect(await page.content()).not.toMatch(/iris:|bull/i);
      expect([...new Set(complaints)]).toEqual([SIGN_IN_ASKED]);
    },
  );

  it('is told so where the key is wrong, or may not operate', async () => {
    const { page } = await visit();
    await page.goto(`${api.opsUrl}/ops`);
    const refusals = { mr_live_nonsense: 'The key is not valid', [client.key]: 'lacks the scope operate' };
    for (const [key, words] of Object.entries(refusals)) {
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').filter({ hasText: words }).waitFor();
    }
  });
});
