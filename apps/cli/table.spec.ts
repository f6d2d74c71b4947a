import { expect, it } from 'vitest';
import { renderTable } from './table.js';

it('aligns words at the left and numbers at the right', () => {
  const rows = [
    ['iris', '4.1 ms'],
    ['diabetes', '12 ms'],
  ];
  expect(renderTable(['model', 'time'], rows).split('\n')).toEqual([
    'model       time',
    '--------  ------',
    'iris      4.1 ms',
    'diabetes   12 ms',
  ]);
});
