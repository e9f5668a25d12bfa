/** What the pages say is there: links lead somewhere, and the index of the decisions is the folder of the decisions. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { read, root, textsOf, type Sources } from '../kit/sources.js';

const pages = textsOf(/\.md$/);
const DECISION = /^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/;

/** Text that is read, not code that is shown. */
const prose = (text: string) => text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '').replaceAll(/`[^`\n]*`/g, '`');

function brokenLinks(all: Sources): string[] {
  return [...all].flatMap(([path, text]) =>
    [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s+(\S+)/gm)].flatMap(
      ([, inline, reference]) => {
        const link = inline ?? reference ?? '';
        if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return [];
        const [file = '', anchor] = decodeURI(link).split('#');
        const to = file === '' ? path : join(dirname(path), file);
        if (to.startsWith('..') || (!all.has(to) && !existsSync(join(root, to)))) return [`${path}: ${link}`];
        if (anchor === undefined || !to.endsWith('.md')) return [];
        return anchors(all.get(to) ?? '').has(anchor) ? [] : [`${path}: ${link} (no such heading)`];
      },
    ),
  );
}

/** As the usual readers of Markdown name a heading. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, title = '']) =>
    title
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  );
  return new Set(headings);
}

function indexFaults(index: string, all: Sources): string[] {
  const there = [...all].filter(([path]) => DECISION.test(path));
  const rows = new Map(
    [...index.matchAll(/^\| \[(\d{4})\]\(([^)]+)\)\s*\| (.+?)\s*\|/gm)].map(([, number, file, title]) => [
      file,
      `# ${number} ${title}`,
    ]),
  );
  const names = there.map(([path]) => basename(path));
  const numbers = names.map((name) => name.slice(0, 4));
  return [
    ...there.flatMap(([path, text]) => {
      const title = text.split('\n')[0];
      const row = rows.get(basename(path));
      if (row === undefined) return [`${path} is not in the index`];
      return row === title ? [] : [`the index says "${row}", ${path} says "${title}"`];
    }),
    ...[...rows.keys()]
      .filter((file) => !names.includes(file ?? ''))
      .map((file) => `${file} is in the index alone`),
    ...numbers
      .filter((number, i) => numbers.indexOf(number) !== i)
      .map((number) => `${number} is there twice`),
    ...there.flatMap(([path, text]) =>
      [/\*\*Background\.\*\*/, /\*\*Decision\.\*\*/, /\*\*(Before and after|After)\.\*\*/].every((part) =>
        part.test(text),
      )
        ? []
        : [`${path} is not in the form`],
    ),
    ...there
      .filter(([, text]) => text.split('\n').length > 60)
      .map(([path]) => `${path} is longer than a screen`),
  ];
}

it('every relative link leads to a file, and to a heading of it', () => {
  expect(brokenLinks(pages)).toEqual([]);
});

it('every decision is in the index, in the form that it shows', () => {
  expect(indexFaults(read('docs/decisions/README.md'), pages)).toEqual([]);
});

it('a broken link and a forgotten decision are found', () => {
  const some: Sources = new Map([
    [
      'docs/a.md',
      '# A b!\n[x](b.md) [y](#a-b) [z](gone.md) [w](b.md#c) `[code](gone.md)` [o](https://x.y/z.md)\n',
    ],
    ['docs/b.md', '# B\n[up](../../outside.md)\n```\n[x](gone.md)\n```\n'],
  ]);
  expect(brokenLinks(some)).toEqual([
    'docs/a.md: gone.md',
    'docs/a.md: b.md#c (no such heading)',
    'docs/b.md: ../../outside.md',
  ]);
  const form = '**Background.** **Decision.** **After.**';
  const decisions: Sources = new Map([
    ['docs/decisions/0001-one.md', `# 0001 One\n${form}\n`],
    ['docs/decisions/0002-two.md', `# 0002 Two\n${form.replace('**After.**', '')}\n`],
    ['docs/decisions/0002-too.md', `# 0002 Too\n${form}\n`],
  ]);
  const index =
    '| [0001](0001-one.md) | Another | \n| [0002](0002-two.md) | Two |\n| [0003](0003-x.md) | X |\n';
  expect(indexFaults(index, decisions)).toEqual([
    'the index says "# 0001 Another", docs/decisions/0001-one.md says "# 0001 One"',
    'docs/decisions/0002-too.md is not in the index',
    '0003-x.md is in the index alone',
    '0002 is there twice',
    'docs/decisions/0002-two.md is not in the form',
  ]);
});
