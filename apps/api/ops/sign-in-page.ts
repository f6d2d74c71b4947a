import { escapeHtml, htmlOf } from './page.js';

export interface SignIn {
  /** Where to go afterwards; a path of ours. */
  readonly next?: string;
  /** Why the last try failed. */
  readonly complaint?: string;
}

export function signInPage({ next = '/ops', complaint }: SignIn): string {
  const main = `<h1>Sign in</h1>
<p>These pages are for operators. Give a key with the scope <code>operate</code>;
<code>millrace keys create --client operators --scopes operate</code> makes one.</p>
${complaint === undefined ? '' : `<p class="banner" role="alert">${escapeHtml(complaint)}</p>\n`}<form method="post" action="/ops/sign-in">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
</form>
`;
  return htmlOf({ title: 'Sign in', nav: '<a href="/ops/runbooks/">Runbooks</a><a href="/ready">Ready?</a>', main });
}
