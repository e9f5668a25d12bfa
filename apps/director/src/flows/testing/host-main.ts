/** The program that the director starts for each test run: the host with all modules of Millrace. */
import { behaviours, kinds } from '@millrace/modules';
import { hostTestRun } from './host.js';

hostTestRun({ kinds, behaviours });
