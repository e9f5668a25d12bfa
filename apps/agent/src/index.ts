export { startAgent, type Agent } from './agent.js';
export { agentConfig, configurationTable, readConfig, type AgentConfig, type MainConfig } from './config.js';
export { hostFlow, type HostOptions } from './flows/host.js';
export { createLog, type Log } from './log.js';
export { joinNode, type JoinOptions } from './identity/enrol.js';
export type { StoredIdentity } from './identity/identity.js';
export {
  simulateFleet,
  type SimulateOptions,
  type SimulatedCounts,
  type SimulatedFleet,
} from './simulated/fleet.js';
export type { AgentStatus } from './status.js';
