/** A runbook as a page: readable on a phone at night, and without a script. */
import { createHash } from 'node:crypto';
import { Marked } from 'marked';

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1d21; --paper: #fff; --soft: #f1f3f5; --line: #ced4da; --link: #0b57d0 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --paper: #14171a; --soft: #22272c; --line: #3b4249; --link: #8ab4f8 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 0.75rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; -webkit-text-size-adjust: 100% }
nav { font-size: 0.9375rem; padding-bottom: 0.5rem; border-bottom: 1px solid var(--line) }
nav a { display: inline-block; padding: 0.375rem 1rem 0.375rem 0 }
a { color: var(--link) }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 }
h2 { font-size: 1.2rem; margin: 1.75rem 0 0.5rem }
code, pre { font-family: ui-monospace, monospace; font-size: 0.875em; background: var(--soft); border-radius: 4px }
code { padding: 0.1em 0.3em }
pre { padding: 0.75rem; overflow-x: auto; border: 1px solid var(--line) }
pre code { padding: 0; background: none; font-size: 1em }
table { display: block; overflow-x: auto; border-collapse: collapse }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
ol, ul { padding-left: 1.5rem }
li { margin: 0.25rem 0 }
@media (max-width: 40rem) { pre { white-space: pre-wrap } }
`;

/** Nothing but our own style, recognised by its hash. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * @param markdown of one page; HTML in it is shown, not obeyed
 * @param isPage true for the names of other pages, which stand beside this one
 */
export function renderPage(markdown: string, isPage: (name: string) => boolean): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? 'Runbook';
  return pageOf(title, rendererFor(isPage).parse(markdown, { async: false }));
}

/** A page that says one sentence. */
export function sentencePage(title: string, sentence: string): string {
  return pageOf(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(sentence)}</p>`);
}

function pageOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} - Millrace</title>
<style>${STYLE}</style>
</head>
<body>
<nav><a href="./">All runbooks</a><a href="../queues">Queues</a><a href="../../ready">Ready?</a></nav>
<main>
${body}</main>
</body>
</html>
`;
}

function rendererFor(isPage: (name: string) => boolean): Marked {
  return new Marked({
    renderer: {
      html: ({ text }) => escapeHtml(text),
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const address = addressOf(href, isPage);
        return address === null ? text : `<a href="${escapeHtml(address)}">${text}</a>`;
      },
    },
  });
}

/** As the code host names headings, since the same links work there. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** @returns null for what is not served here: other files of the repository */
function addressOf(href: string, isPage: (name: string) => boolean): string | null {
  if (/^(https?:\/\/|#)/.test(href)) return href;
  const [, name = '', anchor = ''] = /^([a-z-]+|README)\.md(#.*)?$/.exec(href) ?? [];
  if (name === 'README') return `./${anchor}`;
  return isPage(name) ? `${name}${anchor}` : null;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
