import type { Dashboard } from './dashboard.js';
import { model } from './model.js';
import { overview } from './overview.js';
import { webhooks } from './webhooks.js';
import { workers } from './workers.js';

/** By the name of its file. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = { overview, model, workers, webhooks };
