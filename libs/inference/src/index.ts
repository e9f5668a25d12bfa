export * from './inspect/check.js';
export { exposeTensors } from './inspect/expose.js';
export { inspect, inspectBytes, inspectFile } from './inspect/inspect.js';
export { bytesSource, fileSource, type ByteSource } from './inspect/source.js';
export type { OnnxBatch, OnnxCounters, OnnxOptions } from './onnx/model.js';
export { OnnxSession } from './onnx/session.js';
export type { OnnxTensor, TensorArray } from './onnx/tensors.js';
