export * from './inspect/check.js';
export { exposeTensors } from './inspect/expose.js';
export { inspect, inspectBytes, inspectFile } from './inspect/inspect.js';
export { bytesSource, fileSource, type ByteSource } from './inspect/source.js';
export type { OnnxBatch, OnnxCounters, OnnxOptions } from './onnx/model.js';
export { OnnxSession } from './onnx/session.js';
export type { OnnxTensor, TensorArray } from './onnx/tensors.js';
export {
  buildRuntime,
  readBuilt,
  variantOf,
  isOf,
  type BuildJob,
  type BuiltRuntime,
} from './runtimes/build.js';
export { sweepFresh } from './runtimes/fresh-folder.js';
export {
  assertRequirements,
  platforms,
  pythonManifest,
  requirementsName,
  requirementsOf,
  resolvePython,
  type Platform,
  type Resolved,
} from './runtimes/resolve.js';
export { measurePacked, packedFormat } from './scripts/archive.js';
export { isPacked, unpackScript } from './scripts/unpack.js';
export { interpreters, interpreterVariables } from './runtimes/here.js';
export { helloOf, type Hello } from './workers/hello.js';
export { askInterpreter, findInterpreter, type Interpreter } from './workers/interpreters.js';
export { classPath, jarsOf, launchOf, pythonOf } from './workers/launch.js';
export { sandboxKind, type SandboxKind } from './workers/sandbox.js';
export { WorkerSession, type WorkerBatch, type WorkerOptions, type WorkerResult } from './workers/session.js';
