/** A runbook as a page: readable on a phone at night, and without a script. */
import { Marked } from 'marked';
import { escapeHtml, htmlOf } from './ops/page.js';

const NAV =
  '<a href="./">All runbooks</a><a href="../../ops">Status</a><a href="../queues">Queues</a><a href="../../ready">Ready?</a>';

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

function pageOf(title: string, main: string): string {
  return htmlOf({ title, nav: NAV, main });
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
