/** `npm run dashboards`: writes the dashboards as the JSON that Grafana reads. A test says whether the two agree. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DASHBOARDS } from './all.js';

const [, , folder = 'deploy/grafana/dashboards'] = process.argv;
for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify(dashboard, null, 2)}\n`);
}
