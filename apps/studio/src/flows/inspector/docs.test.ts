import { kinds } from '@millrace/modules/kinds';
import { docsHtml, lineHtml } from './docs.js';

test('markdown, without markup of its own', () => {
  expect(lineHtml('a `code` and **more**')).toBe('a <code>code</code> and <strong>more</strong>');
  expect(lineHtml('<img src=x onerror=alert(1)>')).not.toContain('<img');
  expect(docsHtml('<script>alert(1)</script>')).not.toContain('<script');
  expect(docsHtml('[a](javascript:alert(1)) ![b](https://x/y.png)')).toBe('<p>a b</p>\n');
  expect(lineHtml('[a](align.md) [b](https://millrace.dev/"x)')).not.toContain('href="align.md"');
  expect(lineHtml('[b](https://example.org)')).toContain('rel="noreferrer"');
});

test.each([...kinds.values()].map((kind) => [kind.type, kind] as const))('the docs of %s', (_, kind) => {
  expect(docsHtml(kind.docs)).toContain('<p>');
});
