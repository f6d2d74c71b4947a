import { OperatorClient } from '#client/operator-client';
import { optionsOf, type Target } from '../target.js';

export function operatorOf(target: Target): OperatorClient {
  return new OperatorClient(optionsOf(target));
}
