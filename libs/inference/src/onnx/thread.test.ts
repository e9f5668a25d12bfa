/** The thread alone: what the runtime itself says, with none of the session's checks before it. */
import * as onnx from '../../../../test/kit/onnx.js';
import { newest } from '../inspect/onnx-support.js';
import { COMPLETED, layout, SUBMITTED } from './layout.mjs';
import { startThread } from './thread.js';

function load(model: Uint8Array | undefined): Promise<string> {
  return new Promise((resolve) => {
    const thread = startThread(
      {
        model: model as Uint8Array,
        threads: 1,
        slots: 1,
        inputs: [],
        outputs: [],
        control: new SharedArrayBuffer(layout(1, 0, 0).bytes),
        inputBuffers: [[]],
        outputBuffers: [[]],
      },
      {
        loaded() {
          thread.end();
          void thread.ended.then(() => resolve('loaded'));
        },
        refused: (message) => resolve(`refused: ${message}`),
        reply() {},
        doorbell() {},
        died: (reason) => resolve(`died: ${reason}`),
      },
    );
  });
}

describe('what the runtime takes is what the inspection says that it takes', () => {
  test.each([
    ['IR', (n: number) => onnx.model(onnx.identity(), { ir: n }), newest.irVersion],
    [
      'opset',
      (n: number) => onnx.model(onnx.identity(), { opsets: { '': n } }),
      newest.opsets.get('ai.onnx')!,
    ],
    [
      'ai.onnx.ml',
      (n: number) => onnx.model(onnx.identity(), { opsets: { '': 13, 'ai.onnx.ml': n } }),
      newest.opsets.get('ai.onnx.ml')!,
    ],
  ])('%s', async (_, model, most) => {
    expect(await load(model(most))).toBe('loaded');
    expect(await load(model(most + 1))).toMatch(/^refused: /);
  });

  test('recurrent layers with layout 1 are refused by it too', async () => {
    const recurrent = (layout: number) =>
      onnx.model(
        onnx.graph({
          nodes: [
            onnx.node({
              operator: 'RNN',
              inputs: ['x', 'w', 'r'],
              outputs: ['', 'h'],
              attributes: [onnx.numberAttribute('hidden_size', 2), onnx.numberAttribute('layout', layout)],
            }),
          ],
          inputs: [
            onnx.value('x', onnx.tensorType(onnx.FLOAT, [1, 1, 2])),
            onnx.value('w', onnx.tensorType(onnx.FLOAT, [1, 2, 2])),
            onnx.value('r', onnx.tensorType(onnx.FLOAT, [1, 2, 2])),
          ],
          outputs: [onnx.value('h', onnx.tensorType(onnx.FLOAT, [1, 1, 2]))],
        }),
        { opsets: { '': 14 } },
      );
    expect(await load(recurrent(0))).toBe('loaded');
    expect(await load(recurrent(1))).toContain('layout == 1');
  });
});

test('a thread that is given up leaves what is queued', async () => {
  const control = new SharedArrayBuffer(layout(2, 0, 0).bytes);
  const words = new Int32Array(control);
  words[SUBMITTED] = 2;
  const thread = startThread(
    {
      model: onnx.model(onnx.identity()),
      threads: 1,
      slots: 2,
      inputs: [],
      outputs: [],
      control,
      inputBuffers: [[], []],
      outputBuffers: [[], []],
    },
    { loaded() {}, refused() {}, reply() {}, doorbell() {}, died() {} },
  );
  thread.end();
  await thread.ended;
  expect(words[COMPLETED]).toBe(1);
});

test('a thread that cannot even begin is reported', async () => {
  expect(await load(undefined)).toMatch(/^(died|refused): /);
});
