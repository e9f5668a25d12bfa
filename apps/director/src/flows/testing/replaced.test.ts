import type { Behaviours, Create } from '@millrace/engine';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';
import { inputProblems } from './inputs.js';
import { behavioursOf } from './replaced.js';

const types = (category: string) =>
  [...kinds.values()].filter((kind) => kind.category === category).map(({ type }) => type);

function flowOf(type: string): FlowDocument {
  const settings = kinds.get(type)!.example.settings as Record<string, unknown>;
  return {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'a' },
    modules: { x: { type, settings } },
  };
}

describe('a test run', () => {
  it.each([...types('act'), ...types('sink').filter((type) => type !== 'sink.director')])(
    'never makes a %s',
    (type) => {
      const made: string[] = [];
      const usual: Create = ({ id }: { id: string }) => {
        made.push(id);
        return {};
      };
      const behaviours: Behaviours = new Map([[type, usual]]);
      const order = { document: flowOf(type), inputs: {} } as Parameters<typeof behavioursOf>[0];
      const create = behavioursOf(order, kinds, behaviours).get(type)!;
      create({ id: 'x', count: () => {} } as never);
      expect(made).toEqual([]);
      // Another module of the type, which the flow does not have, would be made: the guard is what is looked at.
      create({ id: 'y' } as never);
      expect(made).toEqual(['y']);
    },
  );

  it.each(types('source').filter((type) => type !== 'source.simulator'))('needs a file for a %s', (type) => {
    const problems = inputProblems(flowOf(type), {}, false);
    expect(problems).toMatchObject([{ code: 'flows.test-input', module: 'x' }]);
  });

  it('knows the acts', () => expect(types('act')).toEqual(expect.arrayContaining(['act.http', 'act.mqtt'])));
});
