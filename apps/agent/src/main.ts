/** Where the agent's program starts. What is imported below is loaded only when the room for it is set. */
import './young-space.js';

await import('./program.js');
