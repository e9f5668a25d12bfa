/** The tree of commands. A noun a file in commands/; what a command needs is loaded when it runs. */
import { Command } from 'commander';
import { addAgent } from './commands/agent.js';
import { addAlerts } from './commands/alerts.js';
import { addCheck } from './commands/check.js';
import { addCompletion } from './commands/completion.js';
import { addDeploy } from './commands/deploy.js';
import { addDeployment } from './commands/deployment.js';
import { addEvents } from './commands/events.js';
import { addFlow } from './commands/flow.js';
import { addGroup } from './commands/group.js';
import { addLogin } from './commands/login.js';
import { addNode } from './commands/node.js';
import { addOrganization } from './commands/organization.js';
import { addPrepare } from './commands/prepare.js';
import { addPromote } from './commands/promote.js';
import { addPromotion } from './commands/promotion.js';
import { addResource } from './commands/resource.js';
import { addRun } from './commands/run.js';
import { addRuntime } from './commands/runtime.js';
import { addSimulate } from './commands/simulate.js';
import { addTest } from './commands/test.js';
import { addToken } from './commands/token.js';
import { addUp } from './commands/up.js';

export function millrace(): Command {
  const program = new Command('millrace')
    .description('Flows on live sensor data: checked, run here, and brought to the nodes of a fleet.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(add --help for what it takes)');
  addUp(program);
  addRun(program);
  addCheck(program);
  addTest(program);
  addPrepare(program);
  addLogin(program);
  addFlow(program);
  addResource(program);
  addRuntime(program);
  addNode(program);
  addGroup(program);
  addDeploy(program);
  addDeployment(program);
  addPromote(program);
  addPromotion(program);
  addAlerts(program);
  addEvents(program);
  addToken(program);
  addOrganization(program);
  addAgent(program);
  addSimulate(program);
  addCompletion(program);
  inherit(program);
  return program;
}

/** Commander settings that subcommands do not take over by themselves when they are added. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
