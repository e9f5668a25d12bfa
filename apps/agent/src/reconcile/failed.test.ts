/** What an agent reports of a step that failed. */
import { Failure } from '@millrace/schemas';
import { reasonOf } from './failed.js';
import type { Step } from './next-step.js';

const warm = { do: 'warm' } as Step;

test('what a node lacks for a flow is called so, whatever it is', () => {
  for (const code of ['engine.runtime-missing', 'engine.sandbox-missing'] as const)
    expect(reasonOf(warm, new Failure(code, 'score: it is not here'))).toEqual({
      code: 'RUNTIME_MISSING',
      detail: 'score: it is not here',
    });
  expect(reasonOf(warm, new Error('it fell over')).code).toBe('START_FAILED');
});
