/**
 * Addresses that a webhook may not go to: everything that is not a public host of the Internet.
 *
 * Judged by the parsed address, never by its text. The list follows the registries of special-purpose addresses
 * (IANA, RFC 6890) and what IPv6 can disguise as itself.
 */
import { BlockList, isIP } from 'node:net';

const IPV4: readonly (readonly [net: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // A public address at which one cloud answers its machines' questions.
  ['168.63.129.16', 32],
];

const IPV6: readonly (readonly [net: string, bits: number])[] = [
  // Unspecified, loopback, and IPv4 in its oldest disguise.
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['100:0:0:1::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const blocked = new BlockList();
for (const [net, bits] of IPV4) blocked.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of IPV6) blocked.addSubnet(net, bits, 'ipv6');

/** @param address an IPv4 or IPv6 literal, without brackets; anything else is not public */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  // BlockList judges ::ffff:a.b.c.d by the rules of IPv4.
  return !blocked.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
