/** The program that the agent starts for each flow: the host with the modules that the flow names. */
import { loadModules } from '@millrace/modules/load';
import { hostFlow } from './host.js';

hostFlow({ modulesOf: loadModules });
