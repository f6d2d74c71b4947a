import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ProblemError } from '#contract/problem';
import { ApiMetrics } from '#telemetry/metrics';
import { modelCode } from '#queue/catalogue';
import { shippedModels } from '#testing/models';
import { ModelCatalogue } from './model-catalogue.js';

const repository = await shippedModels();
const metrics = new ApiMetrics(new Registry());
const catalogue = new ModelCatalogue(repository, metrics);

beforeEach(() => metrics.rejectedInputs.reset());

function problemOf(work: () => unknown): ProblemError['problem'] {
  try {
    work();
  } catch (error) {
    return (error as ProblemError).problem;
  }
  throw new Error('nothing was refused');
}

it('finds the model that an id stands for', () => {
  expect(catalogue.modelOfCode(modelCode('digits'))).toBe('digits');
  expect(catalogue.modelOfCode('zzzz')).toBeUndefined();
});

it('answers an unknown version with 422 and the models there are, a model in a path with 404', () => {
  expect(catalogue.version('millrace/iris').name).toBe('iris');
  expect(problemOf(() => catalogue.version('tulip'))).toMatchObject({
    status: 422,
    errors: [
      { pointer: '/version', code: 'unknown_version', detail: expect.stringContaining('churn, diabetes') as string },
    ],
  });
  expect(problemOf(() => catalogue.latest('millrace', 'tulip')).status).toBe(404);
  expect(problemOf(() => catalogue.latest('acme', 'iris')).status).toBe(404);
});

describe('a wrong input', () => {
  const iris = repository.latest('iris')!;

  it('is answered with pointers into the body', () => {
    const { status, errors } = problemOf(() => catalogue.validate(iris, { ...iris.golden[0]!.input, petal_width: 9 }));
    expect(status).toBe(422);
    expect(errors).toMatchObject([{ pointer: '/input/petal_width', code: 'out_of_range' }]);
  });

  it('is counted by its field, and fields that callers invent as one', async () => {
    const input = { ...iris.golden[0]!.input, petal_width: 9, x1: 1, x2: 2 };
    problemOf(() => catalogue.validate(iris, input));
    const { values } = await metrics.rejectedInputs.get();
    expect(values.map(({ labels, value }) => [labels.field, labels.rule, value])).toEqual([
      ['petal_width', 'out_of_range', 1],
      ['other', 'unknown_field', 2],
    ]);
  });
});

it('gives a right input back as it is', () => {
  for (const version of repository.all()) {
    for (const { input } of version.golden) expect(catalogue.validate(version, input)).toBe(input);
  }
});
