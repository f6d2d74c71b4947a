import { expect, it, onTestFinished, vi } from 'vitest';
import { signal } from '#testing/signal';
import { EndpointGuard } from './endpoint-guard.js';
import { HostCheck } from './host-check.js';
import type { ResolvedAddress } from './name-lookup.js';

type Lookup = (host: string) => Promise<readonly ResolvedAddress[]>;

function checking(lookup: Lookup, options?: ConstructorParameters<typeof HostCheck>[1]) {
  const asked: string[] = [];
  const guard = new EndpointGuard({
    allowPrivate: false,
    lookup: (host) => {
      asked.push(host);
      return lookup(host);
    },
  });
  return { asked, hosts: new HostCheck(guard, options) };
}

const at = (...addresses: string[]) => addresses.map((address) => ({ address, family: 4 }));
const url = (host = 'hooks.example.com', path = '/') => new URL(path, `https://${host}/`);

it('refuses a host that leads inside, also beside a public address, and lets a public one through', async () => {
  const addresses: Record<string, string[]> = {
    'inside.example.com': ['10.0.0.1'],
    'both.example.com': ['8.8.8.8', '127.0.0.1'],
    'outside.example.com': ['8.8.8.8'],
  };
  const { hosts } = checking(async (host) => at(...(addresses[host] ?? [])));
  for (const host of ['inside.example.com', 'both.example.com']) {
    expect(await hosts.refusalOf(url(host))).toMatchObject({ code: 'forbidden_url' });
  }
  expect(await hosts.refusalOf(url('outside.example.com'))).toBeNull();
});

it('lets through what does not resolve, since it may when it is sent', async () => {
  const { hosts } = checking(() => Promise.reject(new Error('ENOTFOUND')));
  expect(await hosts.refusalOf(url())).toBeNull();
});

it('looks a host up once for many, and again after a while', async () => {
  let nowMs = 0;
  const { hosts, asked } = checking(async () => at('10.0.0.1'), { now: () => nowMs });
  const many = Array.from({ length: 100 }, (_, i) => hosts.refusalOf(url('hooks.example.com', `/${i}`)));
  for (const refusal of await Promise.all(many)) expect(refusal).not.toBeNull();
  expect(asked).toEqual(['hooks.example.com']);
  nowMs = 5_001;
  await hosts.refusalOf(url());
  expect(asked).toHaveLength(2);
});

it('asks nobody about a literal', async () => {
  const { hosts, asked } = checking(async () => at('10.0.0.1'));
  expect(await hosts.refusalOf(url('8.8.8.8'))).toBeNull();
  expect(await hosts.refusalOf(url('[2001:4860:4860::8888]'))).toBeNull();
  expect(asked).toEqual([]);
});

it('waits a second for a resolver that hangs, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { hosts } = checking(() => new Promise(() => undefined));
  const refusal = hosts.refusalOf(url());
  vi.advanceTimersByTime(999);
  expect(await Promise.race([refusal, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits');
  vi.advanceTimersByTime(1);
  expect(await refusal).toBeNull();
});

it('asks about two hosts at once, in turn, and not for those who have gone on', async () => {
  let nowMs = 0;
  const answered = signal();
  const lookup = async () => {
    await answered.seen;
    return at('10.0.0.1');
  };
  const { hosts, asked } = checking(lookup, { now: () => nowMs });
  const early = ['a', 'b', 'c'].map((name) => hosts.refusalOf(url(`${name}.example.com`)));
  nowMs = 600;
  const late = hosts.refusalOf(url('d.example.com'));
  expect(asked).toEqual(['a.example.com', 'b.example.com']);
  nowMs = 1_200;
  answered.send();
  expect(await late).not.toBeNull();
  expect(await Promise.all(early)).toEqual([expect.anything(), expect.anything(), null]);
  expect(asked).toEqual(['a.example.com', 'b.example.com', 'd.example.com']);
});
