/** The program that the agent starts for each flow: the host with all modules of Millrace. */
import { behaviours, kinds } from '@millrace/modules';
import { hostFlow } from './host.js';

hostFlow({ kinds, behaviours });
