import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** SHA-256 of the canonical form of a request (RFC 8785), so that the order of its fields does not matter. */
export function fingerprintOf(request: object): string {
  return createHash('sha256')
    .update(canonicalize(request) ?? '')
    .digest('hex');
}
