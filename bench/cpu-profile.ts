/**
 * CPU profiles of processes that are already under load: through Node's inspector, which SIGUSR1 opens, so that neither
 * their start nor their warm-up is in the picture. Executors can be profiled too: they get no flags and no environment.
 */
import { once } from 'node:events';
import { WebSocket } from 'undici';
import { projectRoot } from '#config/settings';
import { renderTable } from '../apps/cli/table.js';
import type { FleetUnderTest } from './fleet-under-test.js';

interface ProfileNode {
  readonly id: number;
  readonly children?: readonly number[];
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds between samples. */
  readonly timeDeltas: readonly number[];
}

const SAMPLE_EVERY_US = 500;
const OPEN_MS = 5_000;
const SHOWN = 14;

/** Node processes of a fleet with their inspectors open. */
export class CpuProfiler {
  private constructor(private readonly inspectors: readonly { name: string; inspector: Inspector }[]) {}

  static async open(fleet: FleetUnderTest): Promise<CpuProfiler> {
    const inspectors: { name: string; inspector: Inspector }[] = [];
    for (const { name, pid } of fleet.processes()) {
      inspectors.push({ name, inspector: await Inspector.open(fleet, pid) });
    }
    return new CpuProfiler(inspectors);
  }

  /** Profiles while `work` runs. @returns tables for each process */
  async during(work: () => Promise<unknown>): Promise<string[]> {
    await Promise.all(this.inspectors.map(({ inspector }) => inspector.startProfile()));
    await work();
    return Promise.all(
      this.inspectors.map(async ({ name, inspector }) => renderProfileOf(name, await inspector.stopProfile())),
    );
  }

  close(): void {
    for (const { inspector } of this.inspectors) inspector.close();
  }
}

class Inspector {
  readonly #answers = new Map<number, (result: unknown) => void>();
  #next = 1;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (id === undefined) return;
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    });
  }

  /** One at a time: the address comes as a line of the process's log. */
  static async open(fleet: FleetUnderTest, pid: number): Promise<Inspector> {
    const url = await new Promise<string>((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error(`process ${pid} opens no inspector`)), OPEN_MS);
      const stop = fleet.onLine((line) => {
        const address = /Debugger listening on (ws:\S+)/.exec(line)?.[1];
        if (address === undefined) return;
        stop();
        clearTimeout(patience);
        resolve(address);
      });
      process.kill(pid, 'SIGUSR1');
    });
    const socket = new WebSocket(url);
    await once(socket as unknown as NodeJS.EventEmitter, 'open');
    return new Inspector(socket);
  }

  async startProfile(): Promise<void> {
    await this.#ask('Profiler.enable');
    await this.#ask('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await this.#ask('Profiler.start');
  }

  async stopProfile(): Promise<CpuProfile> {
    const { profile } = (await this.#ask('Profiler.stop')) as { profile: CpuProfile };
    return profile;
  }

  close(): void {
    this.socket.close();
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

function renderProfileOf(name: string, profile: CpuProfile): string {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = callersOf(profile, nodes);
  const packages = new Map<string, number>();
  const responsible = new Map<string, number>();
  const functions = new Map<string, number>();
  let totalUs = 0;
  let idleUs = 0;
  for (const [index, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const us = profile.timeDeltas[index] ?? 0;
    totalUs += us;
    if (node === undefined || node.callFrame.functionName === '(idle)') {
      idleUs += us;
      continue;
    }
    add(packages, packageOf(node), us);
    const caller = callers.get(id) ?? packageOf(node);
    add(responsible, caller, us);
    add(functions, isNative(node) ? `${functionOf(node)}, for ${caller}` : functionOf(node), us);
  }
  const busyUs = totalUs - idleUs;
  const busy = `${name}: busy ${((busyUs / totalUs) * 100).toFixed(0)} % of ${(totalUs / 1e6).toFixed(1)} s`;
  return [
    renderTable([`${busy}; by package, Node's own code counted to its caller`, 'share'], largest(responsible, busyUs)),
    renderTable([`${name}; self time by package`, 'share'], largest(packages, busyUs)),
    renderTable([`${name}; self time by function`, 'share'], largest(functions, busyUs)),
  ].join('\n\n');
}

/** For each node the package on whose behalf it runs: its own, or that of the nearest caller outside Node. */
function callersOf(profile: CpuProfile, nodes: ReadonlyMap<number, ProfileNode>): ReadonlyMap<number, string> {
  const callers = new Map<number, string>();
  // Parents stand before their children in a profile.
  for (const node of profile.nodes) {
    if (isHouseOrPackage(node)) callers.set(node.id, packageOf(node));
    const caller = callers.get(node.id);
    for (const child of node.children ?? []) {
      const below = nodes.get(child);
      if (caller !== undefined && below !== undefined) callers.set(child, caller);
    }
  }
  return callers;
}

function isHouseOrPackage({ callFrame: { url } }: ProfileNode): boolean {
  return url !== '' && !url.startsWith('node:');
}

function isNative({ callFrame: { functionName, url } }: ProfileNode): boolean {
  return url === '' && !functionName.startsWith('(');
}

function add(to: Map<string, number>, key: string, us: number): void {
  to.set(key, (to.get(key) ?? 0) + us);
}

function largest(shares: ReadonlyMap<string, number>, total: number): string[][] {
  return [...shares]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([key, us]) => [key, `${((us / total) * 100).toFixed(1)} %`]);
}

/** `bullmq`, `libs/queue`, `node:net`; what is not JavaScript has V8's name for it: `(program)` is native code. */
function packageOf({ callFrame: { functionName, url } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'node: native';
  if (url.startsWith('node:')) return url.replace('node:internal/', 'node:').split('/').slice(0, 2).join('/');
  const inside = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inside !== undefined) return inside;
  return placeInHouse(url).split('/').slice(0, 2).join('/');
}

function functionOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const place = url.startsWith('node:') ? url : placeInHouse(url).replace(/.*node_modules\//, '');
  return `${name} ${place}:${lineNumber + 1}`;
}

function placeInHouse(url: string): string {
  return url
    .replace('file://', '')
    .replace(`${projectRoot()}/`, '')
    .replace(/^dist\//, '');
}
