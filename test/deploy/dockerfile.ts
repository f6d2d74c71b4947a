/** What a Dockerfile promises to whoever runs its image: environment, health check, how it starts. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '#config/settings';

export interface Image {
  readonly env: Readonly<Record<string, string>>;
  readonly healthCheck: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
}

/** @param name `api` or `worker` */
export function imageOf(name: string): Image {
  const text = readFileSync(path.join(projectRoot(), `Dockerfile.${name}`), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  const lines = text.slice(text.lastIndexOf('\nFROM ')).split('\n');
  const last = (word: string): string =>
    lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length) ?? '';
  const list = (json: string): string[] => JSON.parse(json.slice(json.indexOf('['))) as string[];
  const pairs = lines
    .filter((line) => line.startsWith('ENV '))
    .flatMap((line) => [...line.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value] as const));
  return {
    // BUILD_COMMIT is given when the image is built.
    env: Object.fromEntries(pairs.filter(([, value]) => !value.startsWith('$'))),
    healthCheck: list(last('HEALTHCHECK')).slice(0),
    entrypoint: list(last('ENTRYPOINT')),
    command: list(last('CMD')),
    user: last('USER').trim(),
  };
}
