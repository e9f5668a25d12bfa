export * from './port.js';
export * from './topics.js';
export * from './channels.js';
export type { Will } from './line.js';
export { createTransport, type TransportOptions } from './transport.js';
export { mqttTransport, type MqttOptions } from './mqtt.js';
export { memoryHub, memoryTransport, type HubRules, type MemoryHub, type MemoryOptions } from './memory.js';
export { proxyFor, TunnelAgent } from './proxy.js';
