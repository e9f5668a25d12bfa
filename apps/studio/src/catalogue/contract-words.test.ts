import type { Contract } from '@millrace/schemas';
import { goldenSays, isRead, rangeSays, runtimeIn, shapeSays } from './contract-words.js';

const read: Contract = {
  columns: [],
  outputs: [{ name: 'score', dtype: 'float32' }],
  golden: [],
  runtime: 'onnx',
};

describe('what is said of a contract', () => {
  it('says a range that may be open at either end', () => {
    expect(rangeSays({ min: 0, max: 12.5 })).toBe('0 to 12.5');
    expect(rangeSays({ min: -3 })).toBe('from -3');
    expect(rangeSays({ max: 0 })).toBe('up to 0');
    expect(rangeSays({})).toBe('');
  });

  it('says the shape of one row', () => {
    expect(shapeSays(undefined)).toBe('one value');
    expect(shapeSays([])).toBe('one value');
    expect(shapeSays([4, -1])).toBe('4 × any');
  });

  it('says how many answers are known, and how near they must be', () => {
    expect(goldenSays([])).toMatch(/^none/);
    expect(goldenSays([{ tolerance: 0 }])).toBe('1 vector, exact');
    expect(goldenSays([{ tolerance: 0.01 }, { tolerance: 0.01 }])).toBe('2 vectors, within 0.01');
    expect(goldenSays([{ tolerance: 0.5 }, { tolerance: 0 }])).toBe('2 vectors, within 0 to 0.5');
  });

  it('knows what was only read from the file', () => {
    expect(isRead(read, 'onnx')).toBe(true);
    expect(isRead(read, 'pickle')).toBe(false);
    expect(isRead({ ...read, periodMs: 1_000 }, 'onnx')).toBe(false);
    expect(isRead({ ...read, columns: [{ name: 'p', dtype: 'float32' }] }, 'onnx')).toBe(false);
  });

  it('finds the runtime that is a resource', () => {
    expect(runtimeIn('onnx')).toBeUndefined();
    expect(runtimeIn('resource:pump-runtime@3')).toEqual({ name: 'pump-runtime', version: 3 });
    expect(runtimeIn('pump-runtime@production')).toEqual({ name: 'pump-runtime' });
    expect(runtimeIn('resource:pump-runtime')).toEqual({ name: 'pump-runtime' });
    expect(runtimeIn('python 3.12')).toBeUndefined();
  });
});
