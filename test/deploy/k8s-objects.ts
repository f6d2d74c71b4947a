/** The objects of deploy/k8s as they stand in their files, and what a cluster would say of their fields. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { projectRoot } from '#config/settings';

export interface K8sObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: unknown;
  readonly automountServiceAccountToken: boolean;
  readonly containers: readonly [Container];
}

const ROOT = path.join(projectRoot(), 'deploy/k8s');

/** Of the base and of what overlays add; patches are no objects. */
export const OBJECTS: readonly K8sObject[] = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml') && path.basename(file) !== 'kustomization.yaml')
  .toSorted()
  .flatMap((file) => parseAllDocuments(readFileSync(path.join(ROOT, file), 'utf8')))
  .map((document) => document.toJS() as K8sObject);

export function specOf(kind: string, name: string): unknown {
  const found = OBJECTS.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`deploy/k8s has no ${kind} ${name}`);
  return found.spec;
}

export function podOf(name: string): PodSpec {
  return (specOf('Deployment', name) as { template: { spec: PodSpec } }).template.spec;
}

/** What the ConfigMap `millrace-settings` holds. */
export function sharedSettings(): Record<string, string> {
  const text = readFileSync(path.join(ROOT, 'base/kustomization.yaml'), 'utf8');
  interface Kustomization {
    readonly configMapGenerator: readonly { readonly name: string; readonly literals: readonly string[] }[];
  }
  const { configMapGenerator: generators } = parse(text) as Kustomization;
  const literals = generators.find(({ name }) => name === 'millrace-settings')?.literals ?? [];
  return Object.fromEntries(literals.map((literal) => literal.split('=', 2) as [string, string]));
}

/** The published models of Kubernetes and KEDA know types, and say nothing of fields that do not exist. */
interface Model {
  new (data: object): { spec?: unknown; validate(): void };
}

/**
 * @returns fields that no schema knows, each as a path
 * @throws Error where a field is of another type, or missing
 */
export async function unknownFields(object: K8sObject): Promise<string[]> {
  const { apiVersion, kind, spec } = object;
  const room = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  const models = (await import(`${room}/${apiVersion}`)) as Readonly<Record<string, Model>>;
  const Model = models[kind];
  if (Model === undefined) throw new Error(`${apiVersion} has no ${kind}`);
  const read = new Set<string>();
  const model = new Model(object);
  // Only now: making a model reads all that it is given.
  if (spec !== undefined) model.spec = watched(spec, '/spec', read);
  model.validate();
  return fieldsOf(spec, '/spec').filter((field) => !read.has(field));
}

/** Notes each field that the validator asks for: what it never asks for, no schema knows. */
function watched(value: unknown, at: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, field, receiver) {
      const found: unknown = Reflect.get(target, field, receiver);
      if (typeof field === 'symbol' || !Object.hasOwn(target, field)) return found;
      read.add(`${at}/${field}`);
      return watched(found, `${at}/${field}`, read);
    },
  });
}

function fieldsOf(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inside]) => [`${at}/${field}`, ...fieldsOf(inside, `${at}/${field}`)]);
}
