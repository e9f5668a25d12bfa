import { CommanderError } from 'commander';
import { Failure } from '@millrace/schemas';
import { nameOf } from '../catalogue/push.js';
import { guessed, valuesOf } from '../parameters.js';
import { versioned } from '../references.js';
import { pairsOf, UsageError } from '../usage.js';
import { placeLine, tellError } from './errors.js';
import { table } from './table.js';
import { bytesOf } from './time.js';

describe('what is printed', () => {
  it('aligns a table, numbers to the right', () => {
    expect(
      table(
        ['node', 'in', 'note'],
        [
          ['a', '5', 'x'],
          ['longer', '1200', ''],
        ],
      ),
    ).toBe('node      in  note\na          5  x\nlonger  1200');
    expect(table(['node', 'in'], [])).toBe('node  in');
  });

  it('names the place of a problem as a person wrote it', () => {
    const detail = 'no';
    expect(placeLine({ pointer: '/modules/clean/settings/columns/0/name', line: 7, detail }, 'f.yaml')).toBe(
      'f.yaml:7: clean columns.0.name: no',
    );
    expect(placeLine({ pointer: '/modules/clean/from', detail })).toBe('clean from: no');
    expect(placeLine({ pointer: '/parameters/speed', field: 'speed', detail })).toBe('parameter speed: no');
    expect(placeLine({ module: 'clean', detail })).toBe('clean: no');
    expect(placeLine({ detail })).toBe('no');
  });

  it('writes sizes with the unit that fits', () => {
    expect([0, 1023, 1536, 200 * 1024 ** 2].map(bytesOf)).toEqual(['0 B', '1023 B', '1.5 KiB', '200.0 MiB']);
  });
});

describe('the exit code', () => {
  const { write } = process.stderr;
  beforeEach(() => {
    process.stderr.write = () => true;
  });
  afterEach(() => {
    process.stderr.write = write;
  });

  it.each([
    [new Failure('flows.invalid', 'x'), 1],
    [new Failure('access.unauthenticated', 'x'), 4],
    [new Failure('access.forbidden', 'x'), 4],
    [new UsageError('x'), 2],
    [new CommanderError(1, 'commander.unknownOption', 'x'), 2],
    [new CommanderError(0, 'commander.help', 'x'), 0],
    [new TypeError('x'), 1],
  ])('of %p is %p', (error, code) => {
    expect(tellError(error)).toBe(code);
  });
});

describe('what is typed', () => {
  it('splits at the first equals sign', () => {
    expect([...pairsOf('--set', ['a=b=c', 'x=', 'a=2'])]).toEqual([
      ['a', '2'],
      ['x', ''],
    ]);
    expect(() => pairsOf('--set', ['=x'])).toThrow(UsageError);
    expect(() => pairsOf('--set', ['x'])).toThrow(UsageError);
  });

  it('reads names with versions', () => {
    expect(versioned('pump@12')).toEqual({ name: 'pump', version: 12 });
    expect(versioned('pump')).toEqual({ name: 'pump' });
    for (const text of ['pump@0', 'pump@x', '@1', 'a@1@2']) expect(() => versioned(text)).toThrow(UsageError);
  });

  it('gives parameters their declared types, and leaves what does not fit', () => {
    const document = {
      apiVersion: 'millrace/v1' as const,
      kind: 'Flow' as const,
      metadata: { name: 'x' },
      parameters: {
        n: { type: 'number' as const },
        b: { type: 'boolean' as const },
        s: { type: 'string' as const },
      },
      modules: {},
    };
    const values = (sets: Record<string, string>) => valuesOf(document, new Map(Object.entries(sets)));
    expect(values({ n: '1e3', b: 'true', s: '5' })).toEqual({ n: 1000, b: true, s: '5' });
    expect(values({ n: 'fast', b: 'yes', other: '1' })).toEqual({ n: 'fast', b: 'yes', other: '1' });
    expect(['true', '5', '', 'x'].map(guessed)).toEqual([true, 5, '', 'x']);
  });

  it('names a resource after its file', () => {
    const names = ['a/pump.onnx', 'speed.csv.gz', 'v1.2-model.onnx', 'plain', '.hidden'].map(nameOf);
    expect(names).toEqual(['pump', 'speed', 'v1.2-model', 'plain', '.hidden']);
  });
});
