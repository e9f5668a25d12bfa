export * from './inspect/check.js';
export { exposeTensors } from './inspect/expose.js';
export { inspect, inspectBytes, inspectFile } from './inspect/inspect.js';
export { bytesSource, fileSource, type ByteSource } from './inspect/source.js';
