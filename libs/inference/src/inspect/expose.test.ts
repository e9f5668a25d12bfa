import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as onnx from '../../../../test/kit/onnx.js';
import { OnnxSession } from '../onnx/session.js';
import { exposeTensors } from './expose.js';
import { inspectBytes } from './inspect.js';

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/onnx/', import.meta.url));
const { graph, node, value, tensorType, sequenceType, FLOAT } = onnx;
const scores = value('z', onnx.sequenceType(tensorType(FLOAT)));

function zipMap(
  extra: Uint8Array[] = [],
  attributes = [onnx.stringsAttribute('classlabels_strings', ['no', 'yes'])],
) {
  return graph({
    nodes: [
      node({ operator: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['z'], attributes }),
      ...extra,
    ],
    inputs: [value('x', tensorType(FLOAT, [null, 2]))],
    outputs: [scores],
  });
}

test('a model of tensors stays the very same bytes', async () => {
  const bytes = await readFile(`${fixtures}cmapss_hgb_rul/model.onnx`);
  expect(await exposeTensors(bytes)).toBe(bytes);
});

test('the rewritten model is a model of tensors, and is not rewritten again', async () => {
  const bytes = await readFile(`${fixtures}yalue_sklearn_randomforest/model.onnx`);
  const exposed = await exposeTensors(bytes);
  const { onnx } = await inspectBytes(exposed);
  expect(onnx!.outputs).toMatchObject([
    { name: 'output_label', dtype: 'int64' },
    { name: 'output_probability', dtype: 'float32' },
  ]);
  expect(onnx!.operators.some(({ name }) => name === 'ZipMap')).toBe(false);
  expect(await exposeTensors(exposed)).toBe(exposed);
});

test('a model that imports no standard operators gets them', async () => {
  const bytes = onnx.model(zipMap(), { opsets: { 'ai.onnx.ml': 2 } });
  const session = await OnnxSession.open({ bytes });
  expect(session.outputs).toMatchObject([{ name: 'z', labels: ['no', 'yes'] }]);
  const { z } = await session.run({ x: { dims: [2, 2], data: Float32Array.of(0.1, 0.9, 1, 0) } });
  expect(z).toEqual({ dims: [2, 2], data: Float32Array.of(0.1, 0.9, 1, 0) });
  await session.close();
});

test('classes below nothing keep their sign, as outlier detectors have them', async () => {
  const attributes = [onnx.numbersAttribute('classlabels_int64s', [-1, 1])];
  const { onnx: found } = await inspectBytes(onnx.model(zipMap([], attributes)));
  expect(found!.outputs[0]!.labels).toEqual([-1, 1]);
});

test('a sequence of several tensors gives each of them', async () => {
  const bytes = onnx.model(
    graph({
      nodes: [
        node({ operator: 'Neg', inputs: ['x'], outputs: ['minus'] }),
        node({ operator: 'SequenceConstruct', inputs: ['x', 'minus'], outputs: ['all'] }),
      ],
      inputs: [value('x', tensorType(FLOAT, [null]))],
      outputs: [value('all', sequenceType(tensorType(FLOAT)))],
    }),
  );
  const session = await OnnxSession.open({ bytes });
  const results = await session.run({ x: { dims: [2], data: Float32Array.of(1, -2) } });
  expect(results['all.0']!.data).toEqual(Float32Array.of(1, -2));
  expect(results['all.1']!.data).toEqual(Float32Array.of(-1, 2));
  await session.close();
});

test.each([
  ['read by another node', zipMap([node({ operator: 'Identity', inputs: ['z'], outputs: ['other'] })])],
  ['without its labels', zipMap([], [])],
])('a ZipMap %s is left alone, and named as what cannot be read', async (_, content) => {
  const bytes = onnx.model(content);
  expect(await exposeTensors(bytes)).toBe(bytes);
  expect((await inspectBytes(bytes)).unsupported).toMatchObject([{ place: 'output z' }]);
});
