/** What the pages of the operations port have in common: readable on a phone at night, light and dark. */
import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1d21; --paper: #fff; --soft: #f1f3f5; --line: #ced4da; --link: #0b57d0;
  --good: #18794e; --warn: #ad5700; --bad: #c62a2f }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --paper: #14171a; --soft: #22272c; --line: #3b4249; --link: #8ab4f8;
    --good: #4cc38a; --warn: #f1a10d; --bad: #ff6369 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 0.75rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; -webkit-text-size-adjust: 100% }
body.wide { max-width: 72rem }
nav { font-size: 0.9375rem; padding-bottom: 0.5rem; border-bottom: 1px solid var(--line) }
nav a, nav button { display: inline-block; padding: 0.375rem 1rem 0.375rem 0 }
nav form { display: inline }
nav button { border: 0; background: none; color: var(--link); font: inherit; text-decoration: underline; cursor: pointer }
a { color: var(--link) }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 }
h2 { font-size: 1.2rem; margin: 1.75rem 0 0.5rem }
code, pre { font-family: ui-monospace, monospace; font-size: 0.875em; background: var(--soft); border-radius: 4px }
code { padding: 0.1em 0.3em }
pre { padding: 0.75rem; overflow-x: auto; border: 1px solid var(--line) }
pre code { padding: 0; background: none; font-size: 1em }
table { display: block; overflow-x: auto; border-collapse: collapse }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
time { white-space: nowrap }
ol, ul { padding-left: 1.5rem }
li { margin: 0.25rem 0 }
.banner { margin: 0.75rem 0; padding: 0.5rem 0.75rem; border-left: 4px solid var(--warn); background: var(--soft) }
.good { color: var(--good) } .warn { color: var(--warn) } .bad { color: var(--bad) }
.quiet { opacity: 0.75; font-size: 0.9375rem }
label { display: block; margin-bottom: 0.25rem }
input { width: 100%; max-width: 30rem; padding: 0.5rem; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 4px }
nav input { width: 14rem; padding: 0.25rem 0.5rem; margin-right: 1rem }
main button { margin: 0.75rem 0; padding: 0.5rem 1rem; font: inherit; color: var(--paper); background: var(--link);
  border: 0; border-radius: 4px; cursor: pointer }
main form.small { margin-top: 0.25rem; white-space: nowrap }
main .small button { margin: 0 0.25rem 0 0; padding: 0.1rem 0.5rem; font-size: 0.875rem; color: var(--link);
  background: none; border: 1px solid var(--line) }
@media (max-width: 40rem) {
  pre { white-space: pre-wrap }
  main .small button { padding: 0.375rem 0.75rem }
  td[data-name] { display: block; position: relative; padding: 0.15rem 0 0.15rem 7.5rem; border: 0; text-align: left;
    overflow-wrap: anywhere; min-height: 1.85rem }
  td[data-name]::before { content: attr(data-name); position: absolute; left: 0; width: 7rem; opacity: 0.75;
    font-size: 0.9375rem }
  td.n[data-name] { display: inline-block; width: 50% }
  table:has(td[data-name]), table:has(td[data-name]) tbody { display: block }
  table:has(td[data-name]) thead { display: none }
  table:has(td[data-name]) tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid var(--line) }
}
`;

export interface Page {
  readonly title: string;
  /** HTML; texts in it were escaped. */
  readonly nav: string;
  readonly main: string;
  /** Wide pages hold tables. */
  readonly isWide?: boolean;
  /** Runs at the end of the page; it must be the `script` that the policy was made for. */
  readonly script?: string;
}

export interface PolicyOptions {
  /** The one script that may run. */
  readonly script?: string;
  /** Whether forms may be sent, to us. */
  readonly hasForms?: boolean;
}

/** Nothing but our own style and script, recognised by their hashes. */
export function pagePolicy({ script, hasForms = false }: PolicyOptions = {}): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(STYLE)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`, "connect-src 'self'"]),
    "base-uri 'none'",
    `form-action ${hasForms ? "'self'" : "'none'"}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Headers of every page. */
export function pageHeaders(policy: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    // Not `no-referrer`: under it browsers send our own forms with `Origin: null`, as those of another site.
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
  };
}

export function htmlOf({ title, nav, main, isWide = false, script }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} - Millrace</title>
<style>${STYLE}</style>
</head>
<body${isWide ? ' class="wide"' : ''}>
<nav>${nav}</nav>
<main>
${main}</main>
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
