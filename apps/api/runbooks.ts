/**
 * The runbooks on the operations port: an alert links to its page here, where the one who is paged has access anyway,
 * and the page is that of the version that runs.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { pageHeaders, pagePolicy } from './ops/page.js';
import { renderPage, sentencePage } from './runbook-page.js';

const RUNBOOKS_PATH = '/ops/runbooks';

const INDEX = 'README';
const POLICY = pagePolicy();

/** @param folder of markdown files; without it (an image may leave it out) every page is a 404 that says so */
export async function mountRunbooks(app: NestFastifyApplication, folder: string): Promise<void> {
  const pages = await listPages(folder);
  await app.register((instance: FastifyInstance, _options: object, done: () => void) => {
    // Links are relative: they need the slash at the end.
    instance.get(RUNBOOKS_PATH, (_request, reply) => reply.redirect(`${RUNBOOKS_PATH}/`, 308));
    instance.get(`${RUNBOOKS_PATH}/`, (_request, reply) => send(reply, pages, INDEX));
    instance.get<{ Params: { page: string } }>(`${RUNBOOKS_PATH}/:page`, ({ params: { page } }, reply) =>
      send(reply, pages, page === INDEX ? '' : page),
    );
    done();
  });
}

/** Pages by name, from the listing: no path is ever made of what somebody asks for. */
async function listPages(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(folder).catch(() => []);
  return new Map(
    files
      .filter((file) => file.endsWith('.md'))
      .map((file): [string, string] => [file.slice(0, -'.md'.length), path.join(folder, file)]),
  );
}

async function send(reply: FastifyReply, pages: ReadonlyMap<string, string>, name: string): Promise<FastifyReply> {
  const file = pages.get(name);
  reply.headers({ ...pageHeaders(POLICY), 'cache-control': 'no-cache' });
  if (file !== undefined) return reply.send(renderPage(await readFile(file, 'utf8'), (page) => pages.has(page)));
  const sentence =
    pages.size === 0
      ? 'This installation carries no runbooks. They are in docs/runbooks of the repository.'
      : 'There is no such runbook. The index lists them all.';
  return reply.status(404).send(sentencePage('No such page', sentence));
}
