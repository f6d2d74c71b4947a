/** The runbooks are served where operators are: each page, nothing beside them, and nothing where clients are. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import type { FleetProcess } from '#testing/fleet';
import { call } from '#testing/http';
import { mountRunbooks } from '../../apps/api/runbooks.js';
import { fleetFor } from '../stage.js';

const FOLDER = path.join(projectRoot(), 'docs', 'runbooks');
const fleet = fleetFor('file');
let api: FleetProcess;
let base: string;

beforeAll(async () => {
  api = await fleet.api();
  base = `${api.opsUrl}/ops/runbooks`;
});

/** A request line as it stands: fetch would tidy the path up. */
async function statusOf(target: string): Promise<number> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

it('shows the index, and links from it to every page', async () => {
  const names = (await readdir(FOLDER)).map((file) => file.replace(/\.md$/, '')).filter((name) => name !== 'README');
  expect(names.length).toBeGreaterThanOrEqual(16);
  const index = await call('GET', `${base}/`);
  expect(index.status).toBe(200);
  for (const name of names) expect(index.text).toContain(`<a href="${name}">`);
});

it('shows each page as HTML, without a script, and each of its links leads somewhere', async () => {
  for (const file of await readdir(FOLDER)) {
    const name = file.replace(/^README\.md$/, '').replace(/\.md$/, '');
    const { status, headers, text } = await call('GET', `${base}/${name}`);
    expect([file, status]).toEqual([file, 200]);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(text).toMatch(/<h1 id=/);
    expect(text).not.toMatch(/<script|\son\w+=|\sstyle=/);
    for (const [, href = ''] of text.matchAll(/href="([^"]+)"/g)) {
      const target = new URL(href, `${base}/${name}`);
      const linked = await call('GET', target.href);
      expect([file, href, linked.status]).toEqual([file, href, 200]);
      if (target.hash !== '')
        expect([file, linked.text.includes(`id="${target.hash.slice(1)}"`)]).toEqual([file, true]);
    }
  }
});

it('leads to the index without the slash', async () => {
  const { status, headers } = await call('GET', base);
  expect([status, headers.get('location')]).toEqual([308, '/ops/runbooks/']);
});

it('says of an unknown page that there is none', async () => {
  const { status, headers, text } = await call('GET', `${base}/nothing`);
  expect(status).toBe(404);
  expect(headers.get('content-type')).toMatch(/^text\/html/);
  expect(text).toContain('There is no such runbook');
});

it.each([
  '/ops/runbooks/../../package.json',
  '/ops/runbooks/..%2f..%2fpackage.json',
  '/ops/runbooks/%2e%2e%2f%2e%2e%2fpackage.json',
  '/ops/runbooks/..%5c..%5cpackage.json',
  '/ops/runbooks/../webhooks',
  '/ops/runbooks/..%2fwebhooks',
  '/ops/runbooks/latency%00',
  '/ops/runbooks/latency.md',
  '/ops/runbooks/README',
  '/ops/runbooks/__proto__',
  '/ops/runbooks//etc/passwd',
  '/ops/runbooks/latency/..',
])('404 for %s', async (target) => {
  expect(await statusOf(target)).toBe(404);
});

it('is not on the port where clients are', async () => {
  for (const route of ['/ops/runbooks', '/ops/runbooks/', '/ops/runbooks/latency']) {
    expect((await api.call('GET', route)).status).toBe(404);
  }
});

describe('an installation without the folder', () => {
  @Module({})
  class Empty {}

  it('answers 404 with a sentence', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-runbooks-'));
    await rm(folder, { recursive: true });
    const app = await NestFactory.create<NestFastifyApplication>(Empty, new FastifyAdapter(), { logger: false });
    onTestFinished(() => app.close());
    await mountRunbooks(app, folder);
    await app.listen(0, '127.0.0.1');
    for (const page of ['', 'latency']) {
      const { status, text } = await call('GET', `${await app.getUrl()}/ops/runbooks/${page}`);
      expect(status).toBe(404);
      expect(text).toContain('This installation carries no runbooks');
    }
  });
});
