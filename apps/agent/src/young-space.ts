/**
 * Imported first by the agent's programs: new objects get 1 MiB of room instead of 16. The agent makes few, and the
 * room, once grown, is never given back: about 10 MB of a small node's memory. Flows have processes of their own.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--max-semi-space-size=1');
