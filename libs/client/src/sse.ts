/**
 * Reads a stream of server-sent events (HTML Living Standard, 9.2.6), cut anywhere.
 *
 * Guarantee: what arrives in pieces gives the same events as in one; an event without its empty line is not
 * given; a line longer than the limit is an error and not memory.
 */
import { Failure } from '@millrace/schemas';

export interface SentEvent {
  id: string;
  event: string;
  data: string;
}

/** Far above any event of the director. */
const LONGEST = 4 * 1024 * 1024;

/** The events of an answer as they come; `heard` is called for every sign of life, also one that is no event. */
export async function* sentEvents(
  response: Response,
  heard: () => void = () => undefined,
): AsyncGenerator<SentEvent> {
  const events = new EventReader();
  const decoder = new TextDecoder();
  // Browsers cannot iterate over a body yet.
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return;
    heard();
    yield* events.feed(decoder.decode(next.value as Uint8Array, { stream: true }));
  }
}

/** Undefined for what is none: a newer director may send what this version does not know. */
export function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export class EventReader {
  private rest = '';
  private data: string[] = [];
  private event = '';
  private id = '';
  private skipFeed = false;

  feed(text: string): SentEvent[] {
    const events: SentEvent[] = [];
    // A line may end with CR, LF or both, and the two may come in two pieces.
    let input = this.rest + (this.skipFeed && text.startsWith('\n') ? text.slice(1) : text);
    if (text !== '') this.skipFeed = false;
    for (;;) {
      const end = /\r\n|\n|\r/.exec(input);
      if (end === null) break;
      const line = input.slice(0, end.index);
      input = input.slice(end.index + end[0].length);
      if (end[0] === '\r' && input === '') this.skipFeed = true;
      const event = this.line(line);
      if (event !== undefined) events.push(event);
    }
    if (input.length > LONGEST) {
      throw new Failure('platform.message-too-large', `An event is longer than ${LONGEST} characters.`);
    }
    this.rest = input;
    return events;
  }

  private line(line: string): SentEvent | undefined {
    if (line === '') {
      const { data, event, id } = this;
      this.data = [];
      this.event = '';
      return data.length === 0 ? undefined : { id, event: event || 'message', data: data.join('\n') };
    }
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    return undefined;
  }
}
