export * from './inspect/check.js';
export { exposeTensors } from './inspect/expose.js';
export { inspect, inspectBytes, inspectFile } from './inspect/inspect.js';
export { bytesSource, fileSource, type ByteSource } from './inspect/source.js';
export type { OnnxBatch, OnnxCounters, OnnxOptions } from './onnx/model.js';
export { OnnxSession } from './onnx/session.js';
export type { OnnxTensor, TensorArray } from './onnx/tensors.js';
export { helloOf, type Hello } from './workers/hello.js';
export { findInterpreter, versionOf, type Interpreter } from './workers/interpreters.js';
export { classPath, jarsOf, launchOf, pythonOf } from './workers/launch.js';
export { sandboxKind, type SandboxKind } from './workers/sandbox.js';
export {
  WorkerSession,
  type WorkerBatch,
  type WorkerOptions,
  type WorkerResult,
} from './workers/session.js';
