import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newEnvelopeId, parsePredictionId } from '#domain/prediction-id';
import { assertDistinctCodes, Catalogue, modelCode, retryJobId } from './catalogue.js';

const names = new Catalogue('millrace');
const hashTag = (key: string): string | undefined => /^\{([^}]+)\}/.exec(key)?.[1];

it('keeps all that one script touches on one node of a cluster', () => {
  const id = newEnvelopeId('i', 0);
  const keys = [
    names.tag('iris'),
    names.envelopeKey('iris', id),
    names.retryKey('iris', id, 3),
    names.outcomesKey('iris', id, 'token'),
    names.marksChannel('iris'),
    names.jobChannel('iris', id),
  ];
  expect(new Set(keys.map(hashTag))).toEqual(new Set(['millrace:iris']));
  expect(hashTag(names.tag('churn'))).toBe('millrace:churn');
});

it('keeps two fleets on one Redis apart', () => {
  const other = new Catalogue('blue');
  expect(other.envelopeKey('iris', 'x')).not.toBe(names.envelopeKey('iris', 'x'));
  expect(other.reservationKey('c', 'k')).not.toBe(names.reservationKey('c', 'k'));
  expect(other.workersKey()).not.toBe(names.workersKey());
});

it('never lets one client meet the reservation of another, whatever they call themselves', () => {
  const text = fc.string({ minLength: 1 }).filter((client) => !client.includes('\0'));
  const property = fc.property(text, text, text, text, (c1, k1, c2, k2) => {
    const same = names.reservationKey(c1, k1) === names.reservationKey(c2, k2);
    expect(same).toBe(c1 === c2 && k1 === k2);
  });
  fc.assert(property);
  expect(names.reservationKey('a', 'bc')).not.toBe(names.reservationKey('ab', 'c'));
});

it('names a retry job after its prediction, so that adding it twice is adding it once', () => {
  expect(retryJobId('e', 7)).toBe(retryJobId('e', 7));
  const ids = new Set(['e', 'f'].flatMap((envelope) => [0, 1, 10].map((row) => retryJobId(envelope, row))));
  expect(ids.size).toBe(6);
});

it('stands for each model by four characters that an id can carry', () => {
  const property = fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/), (model) => {
    const id = `p${modelCode(model)}${newEnvelopeId('i', 0)}00`;
    expect(parsePredictionId(id)?.modelCode).toBe(modelCode(model));
  });
  fc.assert(property);
});

it('does not start with two models that share those characters', () => {
  const seen = new Map<string, string>();
  let clash: [string, string] | null = null;
  for (let i = 0; clash === null; i += 1) {
    const other = seen.get(modelCode(`m${i}`));
    if (other !== undefined) clash = [other, `m${i}`];
    seen.set(modelCode(`m${i}`), `m${i}`);
  }
  expect(() => assertDistinctCodes(['iris', ...clash])).toThrow(
    `Models ${clash[0]} and ${clash[1]} share an id prefix`,
  );
  expect(() => assertDistinctCodes(['iris', 'churn', 'digits', 'diabetes'])).not.toThrow();
});
