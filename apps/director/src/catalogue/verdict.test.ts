import { Contract, type OnnxInspection } from '@millrace/schemas';
import { mayMove, moves, retryAfter } from './upload.js';
import { inferContract } from './verdict.js';

const onnx = (outputs: OnnxInspection['outputs']): OnnxInspection => ({
  irVersion: 8,
  opsets: [],
  inputs: [],
  outputs,
  nodes: 1,
  initializers: 0,
  operators: [],
});

describe('the contract that a file says', () => {
  it('names outputs with their types and lengths, without the axis of the rows', () => {
    const contract = inferContract(
      onnx([
        { name: 'label', type: 'int64', dtype: 'int64', dims: ['N'] },
        { name: 'scores', type: 'float32', dtype: 'float32', dims: [null, 3] },
        { name: 'free', type: 'float32', dtype: 'float32', dims: ['N', 'length', null] },
        { name: 'unsaid', type: 'float32', dtype: 'float32' },
        { name: 'map', type: 'sequence(map(string,float32))' },
      ]),
    );
    expect(contract?.outputs).toEqual([
      { name: 'label', dtype: 'int64' },
      { name: 'scores', dtype: 'float32', shape: [3] },
      { name: 'free', dtype: 'float32', shape: [-1, -1] },
      { name: 'unsaid', dtype: 'float32', shape: [-1] },
    ]);
    expect(Contract.parse(contract)).toEqual(contract);
  });

  it('is none when the file says more than a contract can hold', () => {
    const name = 'n'.repeat(300);
    expect(inferContract(onnx([{ name, type: 'float32', dtype: 'float32' }]))).toBeNull();
  });
});

describe('an upload', () => {
  it('moves forward only', () => {
    const legal = Object.entries(moves).flatMap(([from, to]) => to.map((one) => `${from} ${one}`));
    expect(legal).toEqual(['open sealing', 'open aborted', 'sealing sealed', 'sealing aborted']);
    expect(mayMove('sealed', 'aborted')).toBe(false);
    expect(mayMove('open', 'sealing')).toBe(true);
  });

  it('is tried again later and later, and not for ever', () => {
    const waits = (kind: 'outage' | 'bug') =>
      Array.from({ length: 30 }, (_, i) => retryAfter(i + 1, kind)).filter((wait) => wait !== undefined);
    expect(waits('bug')).toEqual([5_000, 10_000]);
    expect(waits('outage')).toHaveLength(19);
    expect(Math.max(...waits('outage'))).toBe(300_000);
  });
});
