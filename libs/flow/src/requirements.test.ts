import type { FlowDocument } from '@millrace/schemas';
import { flowRequirements, withRuntimes } from './requirements.js';

const document: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'pump' },
  modules: {
    a: { type: 'model.python', settings: { requirements: ['numpy==2.1.0'], code: 'x' } },
    b: { type: 'model.python', settings: { requirements: [], code: 'x' } },
    c: { type: 'map.fields', settings: { requirements: ['a field'] } },
    d: { type: 'model.python', settings: { requirements: ['absent==1'] } },
  },
};

test('requirements are those of models, and become the runtime that is known', () => {
  expect(flowRequirements(document)).toEqual([
    { module: 'a', pointer: '/modules/a/settings/requirements', requirements: ['numpy==2.1.0'] },
    { module: 'd', pointer: '/modules/d/settings/requirements', requirements: ['absent==1'] },
  ]);
  const known = ({ requirements }: { requirements: string[] }) =>
    requirements[0] === 'numpy==2.1.0' ? 'resource:python-1@1' : undefined;
  expect(withRuntimes(document, known)).toEqual({
    ...document,
    modules: {
      ...document.modules,
      a: { type: 'model.python', settings: { code: 'x', runtime: 'resource:python-1@1' } },
    },
  });
});
