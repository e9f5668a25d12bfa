import { changedModules, join, settle, written } from './joining.js';

const text = (min: number, max: number, more = '') => `apiVersion: millrace/v1
kind: Flow
metadata: { name: a }
modules:
  in: { type: source.csv, settings: { file: a.csv } } # the rig
  clean: { type: clean.range, from: [in], settings: { field: x, min: ${min}, max: ${max} } }
${more}`;
const base = written(text(0, 10));

describe('two drafts of one base', () => {
  it('are joined where they changed different things', () => {
    const theirs = written(text(0, 20));
    const joined = join(base, written(text(5, 10)), theirs);
    expect(joined.conflicts).toEqual([]);
    expect(joined.document?.modules['clean']?.settings).toEqual({ field: 'x', min: 5, max: 20 });
    expect(joined.text).toContain('# the rig');
    expect(changedModules(base.document, theirs.document)).toEqual(['clean']);
  });

  it('are one of them where the other changed nothing', () => {
    expect(join(base, base, written(text(0, 20))).text).toBe(text(0, 20));
    expect(join(base, written(text(5, 10)), base).text).toBe(text(5, 10));
  });

  it('clash with both values, and settle as a person says', () => {
    const mine = written(text(5, 10));
    const joined = join(base, mine, written(text(7, 10)));
    expect(joined.conflicts).toMatchObject([{ module: 'clean', base: 0, mine: 5, theirs: 7 }]);
    const [{ pointer }] = joined.conflicts as [{ pointer: string }];
    const settled = settle(joined, mine, new Map([[pointer, 'mine' as const]]));
    expect(settled.conflicts).toEqual([]);
    expect(settled.document?.modules['clean']?.settings?.['min']).toBe(5);
    expect(written(settled.text).document).toEqual(settled.document);
    expect(settle(joined, mine, new Map()).conflicts).toHaveLength(1);
  });

  it('clash as a whole when one of them cannot be read', () => {
    const mine = written('modules: [');
    const joined = join(base, mine, written(text(7, 10)));
    expect(joined.conflicts).toMatchObject([{ pointer: '' }]);
    expect(settle(joined, mine, new Map([['', 'mine' as const]])).text).toBe('modules: [');
    expect(settle(joined, mine, new Map([['', 'theirs' as const]])).text).toBe(text(7, 10));
  });
});
