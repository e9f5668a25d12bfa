/** Port: whether a node's credential holds. The fleet keeps them; HTTP guard and broker ask here. */
export abstract class NodeCredentials {
  /** False for an unknown, revoked or locked node, and for a wrong secret. */
  abstract verify(node: { organization: string; node: string }, secret: string): Promise<boolean>;
}
