/** Where the director and its broker are reached; known once everything listens. */
export class Addresses {
  /** As browsers and nodes reach it, without a slash at the end. */
  publicUrl = '';
  /** MQTT over TCP as nodes reach it. */
  mqttUrl: string | null = null;
  /** The broker for the director's own listeners, with its credential. */
  directorMqtt: { url: string; username?: string; password?: string } = { url: '' };
  /** Ends the live MQTT sessions of a node at once, where the broker is embedded. */
  disconnectNode: (node: string) => void = () => undefined;

  /** MQTT over WebSocket on the director's own port. */
  get mqttWebSocketUrl(): string {
    return `${this.publicUrl.replace(/^http/, 'ws')}/mqtt`;
  }
}
