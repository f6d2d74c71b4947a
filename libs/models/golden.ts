/** Golden examples: inputs with the outputs that a correctly loaded version must give. */
import type { Input, Output } from '#domain/model-version';
import { ModelIntegrityError } from './integrity.js';

export interface GoldenExample {
  readonly input: Input;
  readonly output: Output;
  /** Largest absolute difference of any number in the output. */
  readonly tolerance: number;
}

/**
 * @param file its name for error messages
 * @throws ModelIntegrityError for a line that is not an example, or for a file without any
 */
export function parseGolden(file: string, text: string): GoldenExample[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new ModelIntegrityError(file, 'holds no golden example');
  return lines.map((line, index) => parseLine(file, line, index + 1));
}

function parseLine(file: string, line: string, number: number): GoldenExample {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ModelIntegrityError(file, `line ${number} is not JSON`);
  }
  const { input, output, tolerance } = (value ?? {}) as Record<string, unknown>;
  if (!isObject(input) || !isObject(output) || typeof tolerance !== 'number' || !(tolerance >= 0)) {
    throw new ModelIntegrityError(file, `line ${number} needs an input, an output and a tolerance`);
  }
  return { input, output, tolerance };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Compares an answer with the expected one.
 * @returns null where they agree, else one sentence: where they differ and by how much
 */
export function difference(expected: unknown, actual: unknown, tolerance: number, pointer = ''): string | null {
  const where = pointer === '' ? 'the output' : pointer;
  if (typeof expected === 'number') {
    if (typeof actual !== 'number') return `${where} is not a number`;
    const distance = Math.abs(expected - actual);
    return distance <= tolerance ? null : `${where} is ${actual}, expected ${expected} within ${tolerance}`;
  }
  if (typeof expected !== 'object' || expected === null) {
    return expected === actual ? null : `${where} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;
  }
  if (typeof actual !== 'object' || actual === null) return `${where} is missing`;
  const theirs = actual as Record<string, unknown>;
  const keys = Object.keys(expected);
  if (Object.keys(theirs).length !== keys.length) return `${where} has other fields than expected`;
  for (const key of keys) {
    const found = difference((expected as Record<string, unknown>)[key], theirs[key], tolerance, `${pointer}/${key}`);
    if (found !== null) return found;
  }
  return null;
}
