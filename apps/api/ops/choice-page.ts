/** Which prediction, where several clients have given theirs the same id. */
import type { OwnIdHit } from './own-id-search.js';
import { escapeHtml, htmlOf } from './page.js';
import { OPEN_BANNER, opsNav, type StatusPageOptions, table } from './status-page.js';

export function choicePage(ownId: string, hits: readonly OwnIdHit[], view: StatusPageOptions): string {
  const rows = hits.map(({ client, id }) => [escapeHtml(client), `<a href="/ops/predictions/${id}">${id}</a>`]);
  const main = `${view.isOpen ? OPEN_BANNER : ''}<h1>${escapeHtml(ownId)}</h1>
${table('Several clients use this id', ['client', 'prediction'], rows)}`;
  return htmlOf({ title: ownId, nav: opsNav(view), main });
}
