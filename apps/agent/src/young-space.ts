/**
 * Imported by the agent's programs before all else is loaded: the room for new objects stays at 1 MiB and does not
 * grow to 16. The agent makes few, and what has grown is never given back: about 10 MB of a small node's memory. Flows
 * have processes of their own.
 */
import { setFlagsFromString } from 'node:v8';

// Its limit is read only when the process starts; how fast it grows, each time.
setFlagsFromString('--semi-space-growth-factor=1');
