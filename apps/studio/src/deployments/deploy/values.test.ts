import type { FlowParameter } from '@millrace/schemas';
import { lastGiven, valuesOf } from './values.js';

const declared: Record<string, FlowParameter> = {
  speed: { type: 'number', default: 1 },
  line: { type: 'integer' },
  live: { type: 'boolean' },
  key: { type: 'secret' },
};

describe('values of parameters', () => {
  it('takes what was typed, else what was given, and leaves out what is empty', () => {
    const { values, wrong } = valuesOf(
      declared,
      { speed: 100, live: true, gone: 1 },
      { live: '', line: '3' },
    );
    expect(values).toEqual({ speed: 100, line: 3 });
    expect(wrong.size).toBe(0);
  });

  it('says what does not fit', () => {
    const { values, wrong } = valuesOf(declared, {}, { line: '3.5', speed: 'fast' });
    expect(values).toEqual({});
    expect([...wrong]).toEqual([
      ['speed', 'This must be a number'],
      ['line', 'This must be a whole number'],
    ]);
  });

  it('asks for a secret again', () => {
    expect(valuesOf(declared, { key: 'old' }, {}).values).toEqual({});
  });

  it('begins with what the last deployment was given that went well', () => {
    const failed = { state: 'failed', parameters: { speed: 0 } } as const;
    const well = { state: 'partial', parameters: { speed: 100 } } as const;
    expect(lastGiven([failed, well])).toEqual({ speed: 100 });
    expect(lastGiven([failed])).toEqual({ speed: 0 });
    expect(lastGiven([])).toEqual({});
  });
});
