import type { FlowDocument } from '@millrace/schemas';
import {
  addParameter,
  defaultFromText,
  removeParameter,
  renameParameter,
  setParameter,
  typedParameter,
  usesOf,
  wrongName,
} from './parameters.js';

const flow: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'pump' },
  parameters: { limit: { type: 'number', default: 3 }, other: { type: 'string' } },
  modules: {
    a: { type: 'map.set', settings: { set: { x: 'p > ${limit} && $${limit} > ${ limit }' } } },
    b: { type: 'clean.range', settings: { field: 'p' } },
  },
};

test('a parameter is renamed with its uses, and nothing else', () => {
  const next = renameParameter(flow, 'limit', 'most');
  expect(Object.keys(next.parameters!)).toEqual(['most', 'other']);
  expect(next.modules['a']!.settings).toEqual({ set: { x: 'p > ${most} && $${limit} > ${most}' } });
  expect(next.modules['b']).toBe(flow.modules['b']);
  expect([usesOf(flow, 'limit'), usesOf(flow, 'other'), usesOf(next, 'limit')]).toEqual([2, 0, 0]);
  expect(renameParameter(flow, 'limit', 'other')).toBe(flow);
  expect(wrongName(flow, 'limit', '3x')).toContain('letter first');
  expect(wrongName(flow, 'limit', 'limit')).toBeUndefined();
});

test('added, set, retyped and removed', () => {
  const added = addParameter(addParameter(flow).document);
  expect(added.name).toBe('parameter2');
  expect(setParameter(flow, 'limit', { default: undefined }).parameters!['limit']).toEqual({
    type: 'number',
  });
  expect(setParameter(flow, 'gone', { default: 1 })).toBe(flow);
  expect(typedParameter(flow, 'limit', 'string').parameters!['limit']).toEqual({
    type: 'string',
    default: '3',
  });
  expect(typedParameter(flow, 'limit', 'boolean').parameters!['limit']).toEqual({ type: 'boolean' });
  expect(typedParameter(flow, 'limit', 'secret').parameters!['limit']).toEqual({ type: 'secret' });
  const none = removeParameter(removeParameter(flow, 'limit'), 'other');
  expect('parameters' in none).toBe(false);
});

test('a default as it was typed', () => {
  expect(defaultFromText({ type: 'number' }, '2.5')).toBe(2.5);
  expect(defaultFromText({ type: 'number' }, 'much')).toBe('much');
  expect(defaultFromText({ type: 'string' }, '')).toBeUndefined();
});
