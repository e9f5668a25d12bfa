export { startAgent, type Agent } from './agent.js';
export { agentConfig, configurationTable, readConfig, type AgentConfig, type MainConfig } from './config.js';
export { hostFlow, type HostOptions } from './flows/host.js';
export { joinNode, type JoinOptions } from './identity/enrol.js';
export type { StoredIdentity } from './identity/identity.js';
export type { AgentStatus } from './status.js';
