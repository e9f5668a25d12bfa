/** How many, as people say it: the sentences of a deployment are read, not parsed. Pure. */

/** `1 node`, `12 nodes`. */
export const nodesOf = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);
