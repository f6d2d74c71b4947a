import { OperatorClient } from '#client/operator-client';
import { clientOf, type Target } from '../target.js';

export function operatorOf(target: Target): OperatorClient {
  return new OperatorClient(clientOf(target));
}
