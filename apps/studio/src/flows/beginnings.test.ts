import { checkFlow, readFlow } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { nameIn, named, textOf, wrongFile, wrongName } from './beginnings.js';

describe('a new flow', () => {
  it('has an example that passes the check', () => {
    const { document } = readFlow(textOf('example', 'my-pump'));
    expect(document?.metadata.name).toBe('my-pump');
    expect(checkFlow(document!, kinds)).toEqual([]);
    expect(textOf('example', 'my-pump')).toContain('# A sensor of 16 bar');
  });

  it('may be blank', () => {
    expect(readFlow(textOf('blank', 'a')).document).toEqual({
      apiVersion: 'millrace/v1',
      kind: 'Flow',
      metadata: { name: 'a' },
      modules: {},
    });
  });

  it('takes a text under another name, and leaves what it cannot read', () => {
    expect(nameIn(named(textOf('blank', 'a'), 'b'))).toBe('b');
    expect(named('modules: [', 'b')).toBe('modules: [');
    expect(nameIn('modules: [')).toBeUndefined();
  });

  it('says which names are allowed', () => {
    expect(wrongName('pump-1.a', new Set())).toBeUndefined();
    expect(wrongName('', new Set())).toBeUndefined();
    expect(wrongName('насос', new Set())).toContain('letters a to z');
    expect(wrongName('-a', new Set())).toContain('both ends');
    expect(wrongName('a'.repeat(129), new Set())).toContain('128');
    expect(wrongName('a', new Set(['a']))).toContain('already');
  });

  it('refuses a file that is no flow by its size, before it is read', () => {
    expect(wrongFile({ name: 'big.csv', size: 200_000_000 })).toContain('catalogue');
    expect(wrongFile({ name: 'flow.yaml', size: 2_000 })).toBeUndefined();
  });
});
