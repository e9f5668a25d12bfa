import { anyColumns, columnsOf } from '@millrace/flow';
import { findingOf, suggestionsAt } from './expression.js';

const columns = columnsOf({ score: 'number', state: 'string', status: { type: 'number', unit: 'bar' } });

test('an expression is checked against what arrives', () => {
  expect(findingOf('score > 0.8', columns, 'boolean')).toEqual({ gives: 'boolean' });
  expect(findingOf('score', columns, 'boolean')).toEqual({
    wrong: 'This gives a number, and a boolean is needed.',
  });
  expect(findingOf('scor > 1', columns)).toMatchObject({ wrong: expect.stringContaining('score') });
  expect(findingOf('score >', columns)).toMatchObject({ wrong: expect.stringContaining('at character') });
  expect(findingOf('anything > 1', anyColumns)).toEqual({ gives: 'boolean' });
  expect([findingOf('', columns), findingOf('score > ${limit}', columns)]).toEqual([undefined, undefined]);
});

test('what could be meant: fields first, then functions, and nothing inside a text', () => {
  const said = (source: string) =>
    suggestionsAt(source, source.length, columns).found.map(({ text }) => text);
  expect(said('sta')).toEqual(['state', 'status', 'startsWith(']);
  expect(said('sq')).toEqual(['sqrt(']);
  expect(said('')).toEqual(['score', 'state', 'status']);
  expect(said('state == "sta')).toEqual([]);
  expect(said('score > 1 ')).toEqual([]);
  expect(suggestionsAt('1 + sco', 7, columns).from).toBe(4);
});
