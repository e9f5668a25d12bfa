/** Every problem code has a page, every page a code, and every code is one that something fails with. */
import { basename } from 'node:path/posix';
import { problems } from '@millrace/schemas';
import { code, isTest, textsOf, type Sources } from '../kit/sources.js';

const pages = textsOf(/^docs\/problems\/[^/]+\.md$/);
const codes = Object.keys(problems);
const sources = new Map(
  [...code()].filter(([path]) => !isTest(path) && !path.startsWith('libs/schemas/src/problems/')),
);

function pageFaults(known: readonly string[], all: Sources): string[] {
  const documented = new Map([...all].map(([path, text]) => [basename(path, '.md'), text]));
  return [
    ...known.filter((one) => !documented.has(one)).map((one) => `${one} has no page docs/problems/${one}.md`),
    ...[...documented].flatMap(([one, text]) => {
      const [title, ...rest] = text.trim().split('\n');
      return [
        ...(known.includes(one) ? [] : [`docs/problems/${one}.md is about no code`]),
        ...(title === `# ${one}` ? [] : [`docs/problems/${one}.md does not begin with "# ${one}"`]),
        ...(rest.join(' ').trim().length >= 40 ? [] : [`docs/problems/${one}.md says nothing`]),
      ];
    }),
  ];
}

function unused(known: readonly string[], files: Sources): string[] {
  const text = [...files.values()].join('\n');
  return known.filter((one) => !text.includes(`'${one}'`));
}

it('every code has its page, and every page its code', () => {
  expect(pageFaults(codes, pages)).toEqual([]);
  expect(codes.length).toBeGreaterThan(50);
});

it('every code is one that something fails with', () => {
  expect(unused(codes, sources)).toEqual([]);
});

it('a missing page, a page too many, a wrong title and an idle code are found', () => {
  const some: Sources = new Map([
    ['docs/problems/a.known.md', `# a.other\n\n${'It means this, and you do that. '.repeat(3)}\n`],
    ['docs/problems/a.gone.md', '# a.gone\n'],
  ]);
  expect(pageFaults(['a.known', 'a.new'], some)).toEqual([
    'a.new has no page docs/problems/a.new.md',
    'docs/problems/a.known.md does not begin with "# a.known"',
    'docs/problems/a.gone.md is about no code',
    'docs/problems/a.gone.md says nothing',
  ]);
  expect(unused(['a.known', 'a.idle'], new Map([['x.ts', "new Failure('a.known', '')"]]))).toEqual([
    'a.idle',
  ]);
});
