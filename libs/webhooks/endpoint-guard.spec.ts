import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './addresses.js';
import { EndpointGuard } from './endpoint-guard.js';
import type { ResolvedAddress } from './name-lookup.js';

const guard = new EndpointGuard({ allowPrivate: false, hint: 'SETTING allows it' });
const open = new EndpointGuard({ allowPrivate: true });

const FORBIDDEN = [
  // Loopback in its notations.
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0x7f.1/',
  'https://017700000001/',
  'https://0177.0.0.1/',
  'https://0177.1/',
  'https://127.0.0.1./',
  'https://127%2e0%2e0%2e1/',
  'https://%31%32%37.0.0.1/',
  'https://\uFF11\uFF12\uFF17.0.0.1/',
  'https://127\u30020\u30020\u30021/',
  'https://\u2460\u2461\u2466.0.0.1/',
  'https://127.255.255.254/',
  'https://0/',
  'https://0.0.0.0/',
  'https://0.0.0.1/',
  // Private, shared, benchmark, documentation, multicast, reserved.
  'https://10.0.0.1/',
  'https://10.255.255.255/',
  'https://167772161/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.0.1/',
  'https://192.168.255.255/',
  'https://0xc0a80001/',
  'https://100.64.0.1/',
  'https://100.127.255.254/',
  'https://169.254.0.1/',
  'https://192.0.0.8/',
  'https://192.0.2.1/',
  'https://192.88.99.1/',
  'https://198.18.0.0/',
  'https://198.19.255.255/',
  'https://198.51.100.7/',
  'https://203.0.113.9/',
  'https://224.0.0.1/',
  'https://239.255.255.255/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  // Cloud metadata.
  'https://169.254.169.254/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://168.63.129.16/',
  'https://100.100.100.200/',
  'https://[fd00:ec2::254]/',
  'https://[::ffff:169.254.169.254]/',
  'https://metadata.google.internal/',
  'https://metadata.google.internal./',
  // IPv6 and its disguises.
  'https://[::]/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::127.0.0.1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[0:0:0:0:0:ffff:10.0.0.1]/',
  'https://[::ffff:0:127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b::10.0.0.1]/',
  'https://[64:ff9b:1::1]/',
  'https://[100::1]/',
  'https://[2001::1]/',
  'https://[2001:10::1]/',
  'https://[2001:20::1]/',
  'https://[2001:db8::1]/',
  'https://[2002:7f00:1::]/',
  'https://[2002:a00:1::1]/',
  'https://[3fff::1]/',
  'https://[5f00::1]/',
  'https://[fc00::1]/',
  'https://[fd12:3456:789a::1]/',
  'https://[fe80::1]/',
  'https://[febf::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  // Names that stay inside.
  'https://localhost/',
  'https://localhost./',
  'https://LOCALHOST/',
  'https://foo.localhost/',
  'https://foo.localhost./',
  'https://printer.local/',
  'https://db.internal/',
  'https://wiki.corp/',
  'https://nas.lan/',
  'https://router.home/',
  'https://redis/',
  'https://intranet/',
  'https://1.0.0.127.in-addr.arpa/',
  // Schemes and ports that allowPrivate would allow.
  'http://example.com/',
  'http://93.184.216.34/',
  'https://example.com:22/',
  'https://example.com:80/',
  'https://example.com:6379/',
  'https://example.com:65535/',
];

const INVALID = [
  '',
  'example.com/hook',
  '//example.com/hook',
  'https:example.com',
  'https:/example.com',
  'https://',
  'https:///example.com',
  'https://exa mple.com/',
  'https://example.com/a b',
  ' https://example.com/',
  'https://example.com/\n',
  'https://exam\tple.com/',
  'https://example.com\\@127.0.0.1/',
  'https:\\\\example.com/',
  'https://user@example.com/',
  'https://user:pw@example.com/',
  'https://:pw@example.com/',
  'https://127.0.0.1@example.com/',
  'https://example.com#@127.0.0.1/',
  'https://example.com/#fragment',
  'https://example.com/#',
  'https://example.com:0/',
  'https://example.com:65536/',
  'https://example.com:http/',
  'https://[::1/',
  'https://[fe80::1%25eth0]/',
  'https://256.1.1.1/',
  'https://1.2.3.4.5/',
  'https://exa%00mple.com/',
  'file:///etc/passwd',
  'ftp://example.com/',
  'gopher://example.com:6379/_FLUSHALL',
  'unix:/var/run/docker.sock',
  'javascript:alert(1)',
  'data:text/plain,x',
  'ws://example.com/',
  `https://example.com/${'x'.repeat(2_048)}`,
];

const ALLOWED = [
  'https://example.com/hooks/millrace',
  'https://example.com:443/',
  'https://example.com:8443/hook?token=abc',
  'https://EXAMPLE.com/',
  'https://b\u00fccher.example.org/',
  'https://1.1.1.1/',
  'https://8.8.8.8/hook',
  'https://172.32.0.1/',
  'https://192.167.255.255/',
  'https://100.63.255.255/',
  'https://[2001:4860:4860::8888]/',
  'https://[::ffff:8.8.8.8]/',
];

describe('by its text', () => {
  it.each(FORBIDDEN)('forbids %s', (text) => {
    expect(guard.checkUrl(text)).toMatchObject({ ok: false, code: expect.stringMatching(/_url$/) as string });
  });

  it.each(INVALID)('takes %j for no URL to call, wherever it runs', (text) => {
    expect(guard.checkUrl(text).ok).toBe(false);
    expect(open.checkUrl(text).ok).toBe(false);
  });

  it.each(ALLOWED)('allows %s', (text) => {
    expect(guard.checkUrl(text)).toMatchObject({ ok: true });
  });

  it('allows private addresses, http and any port where that was asked for', () => {
    for (const text of ['http://127.0.0.1:3001/hook', 'http://localhost:9', 'https://[::1]:8080/']) {
      expect(open.checkUrl(text).ok, text).toBe(true);
    }
  });

  it('says which setting would allow it, and only where one would', () => {
    expect(guard.checkUrl('http://example.com/')).toMatchObject({
      detail: expect.stringMatching(/SETTING allows it/) as string,
    });
    expect(guard.checkUrl('ftp://example.com/')).toMatchObject({
      detail: expect.not.stringMatching(/SETTING/) as string,
    });
  });
});

describe('by the addresses of its name', () => {
  const answering = (...addresses: string[]): EndpointGuard =>
    new EndpointGuard({
      allowPrivate: false,
      lookup: async () =>
        addresses.map((address): ResolvedAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    });
  const url = new URL('https://hooks.example.com/');

  it('allows a name whose addresses are all public, and says which they are', async () => {
    const verdict = await answering('93.184.216.34', '2606:2800:220:1::1').resolve(url);
    expect(verdict).toMatchObject({
      ok: true,
      addresses: [{ address: '93.184.216.34' }, { address: '2606:2800:220:1::1' }],
    });
  });

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '::1',
    '::ffff:10.0.0.1',
    'fd00::1',
    'fe80::1%eth0',
    'nonsense',
  ])('forbids a name that leads to %s, alone or beside a public one', async (address) => {
    expect(await answering(address).resolve(url)).toMatchObject({ ok: false, code: 'forbidden_url' });
    expect(await answering('8.8.8.8', address).resolve(url)).toMatchObject({ ok: false, code: 'forbidden_url' });
  });

  it('tells a name without an address from a forbidden one', async () => {
    expect(await answering().resolve(url)).toMatchObject({ ok: false, code: 'unresolvable' });
    const failing = new EndpointGuard({
      allowPrivate: false,
      lookup: () => Promise.reject(new Error('queryA ENOTFOUND at 10.0.0.53')),
    });
    const verdict = await failing.resolve(url);
    expect(verdict).toMatchObject({ ok: false, code: 'unresolvable' });
    expect(JSON.stringify(verdict)).not.toContain('10.0.0.53');
  });

  it('asks no resolver about a literal', async () => {
    const asked: string[] = [];
    const noisy = new EndpointGuard({
      allowPrivate: false,
      lookup: async (name) => {
        asked.push(name);
        return [];
      },
    });
    expect((await noisy.resolve(new URL('https://8.8.8.8/'))).ok).toBe(true);
    expect((await noisy.resolve(new URL('https://[::1]/'))).ok).toBe(false);
    expect(asked).toEqual([]);
  });
});

it('takes what is no address for one that is not public', () => {
  for (const text of ['', 'localhost', '1.2.3', '8.8.8.8 ', '2001:4860:4860::8888%eth0'])
    expect(isPublicAddress(text)).toBe(false);
});
