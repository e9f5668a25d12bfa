/** Where the director and its broker are reached; known once everything listens. */
export class Addresses {
  /** As browsers and nodes reach it, without a slash at the end. */
  publicUrl = '';
  /** MQTT as nodes reach it. */
  mqttUrl: string | null = null;
  /** The broker for the director's own listeners, with its credential. */
  directorMqtt: { url: string; username?: string; password?: string } = { url: '' };
  /** MQTT over WebSocket on the director's own port; null where the broker is an outside one. */
  mqttWebSocketUrl: string | null = null;
}
