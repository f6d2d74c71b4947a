/** docker-compose.yml as compose reads it: anchors merged, and variables with the defaults that stand in the file. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '#config/settings';

export interface Service {
  readonly image: string;
  readonly build?: { readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export function composeFile(name = 'docker-compose.yml'): ComposeFile {
  const text = readFileSync(path.join(projectRoot(), name), 'utf8');
  const withDefaults = text.replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');
  // What a shell in the container reads.
  return parse(withDefaults.replaceAll('$$', '$'), { merge: true }) as ComposeFile;
}
