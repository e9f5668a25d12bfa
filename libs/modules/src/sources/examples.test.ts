import { checkFlow } from '@millrace/flow';
import { kinds } from '../kinds.js';

describe('the examples of sources, sinks and tap', () => {
  const types = [...kinds.keys()].filter((type) => /^(source|sink|debug)\./.test(type));
  it.each(types)('%s passes the check', (type) => {
    const own = kinds.get(type)!;
    const source = { type: 'source.mqtt', settings: kinds.get('source.mqtt')!.example.settings };
    const module = { type, settings: own.example.settings };
    const modules =
      own.category === 'source'
        ? { in: module, end: { type: 'debug.tap', from: ['in'] } }
        : { in: source, end: { ...module, from: ['in'] } };
    const problems = checkFlow(
      { apiVersion: 'millrace/v1', kind: 'Flow', metadata: { name: 'example' }, modules },
      kinds,
    );
    expect(problems).toEqual([]);
  });
});
