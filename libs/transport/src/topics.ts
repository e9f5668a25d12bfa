/**
 * Topics and filters after MQTT 3.1.1, section 4.7. Pure.
 */
import { Failure } from '@millrace/schemas';

/** `+` is one level, `#` the rest and the level above it; neither reaches `$SYS` from the first level. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

export function checkTopic(topic: string): void {
  if (topic.length > 0 && byteLength(topic) <= 65_535 && !/[+#\0]/.test(topic)) return;
  throw new Failure(
    'platform.invalid-request',
    `"${topic.slice(0, 200)}" is no topic to publish to: it may be neither empty nor contain +, # or NUL.`,
  );
}

export function checkFilter(filter: string): void {
  const levels = filter.split('/');
  const sound = levels.every(
    (level, index) =>
      level === '+' || (level === '#' && index === levels.length - 1) || !/[+#\0]/.test(level),
  );
  if (filter.length > 0 && byteLength(filter) <= 65_535 && sound) return;
  throw new Failure(
    'platform.invalid-request',
    `"${filter.slice(0, 200)}" is no topic filter: + stands for a whole level, and # for all levels at the end.`,
  );
}

const byteLength = (text: string) => Buffer.byteLength(text);
