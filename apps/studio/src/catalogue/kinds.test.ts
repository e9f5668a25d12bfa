import { NAME } from '@millrace/schemas';
import * as fc from 'fast-check';
import { kindOf, nameOf } from './kinds.js';

describe('a dropped file', () => {
  it.each([
    ['pump.onnx', 'pump', 'model'],
    ['Pump (2).ONNX', 'Pump-2', 'model'],
    ['score.py', 'score', 'script'],
    ['speed.csv.gz', 'speed', 'data'],
    ['Überdruck.csv', 'Uberdruck', 'data'],
    ['.env', 'env', 'data'],
    ['насос.onnx', '', 'model'],
  ])('%s is called %s and is %s', (file, name, kind) => {
    expect([nameOf(file), kindOf(file)]).toEqual([name, kind]);
  });

  it('is called something that the catalogue takes, or nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (file) => {
        const name = nameOf(file);
        expect(name === '' || NAME.test(name)).toBe(true);
      }),
    );
  });
});
