/**
 * Levels of a topic as fields: `plant/{line}/{tag}` on `plant/a/pressure` gives `line: "a"`, and `pressure` as
 * the name of the value's field. Pure, browser-safe.
 */

export interface TopicParts {
  /** Name of the value's field; undefined when the pattern has no `{tag}`. */
  tag?: string;
  fields: Record<string, string>;
}

/** What is wrong with a pattern, or null. */
export function topicProblem(pattern: string): string | null {
  const names = new Set<string>();
  for (const level of pattern.split('/')) {
    const name = /^\{([^{}]+)\}$/.exec(level)?.[1];
    if (name === undefined && /[{}#]/.test(level))
      return `"${level}" is neither a level of a topic nor a {name}`;
    if (name === undefined) continue;
    if (names.has(name)) return `{${name}} stands there twice`;
    names.add(name);
  }
  return names.size === 0 ? 'it has no {name}' : null;
}

/** A level of the pattern is itself, `+` for any, or `{name}`. Null for a topic of another form. */
export function topicReader(pattern: string | undefined): (topic: string) => TopicParts | null {
  if (pattern === undefined) return () => NOTHING;
  const levels = pattern.split('/');
  const known = new Map<string, TopicParts | null>();
  return (topic) => {
    let parts = known.get(topic);
    if (parts === undefined) {
      // A plant has thousands of topics; what has more puts data into them, and is read anew each time.
      if (known.size >= MOST_TOPICS) known.clear();
      known.set(topic, (parts = split(levels, topic.split('/'))));
    }
    return parts;
  };
}

const NOTHING: TopicParts = { fields: {} };
const MOST_TOPICS = 10_000;

function split(pattern: readonly string[], levels: readonly string[]): TopicParts | null {
  if (pattern.length !== levels.length) return null;
  const parts: TopicParts = { fields: {} };
  for (const [i, want] of pattern.entries()) {
    const name = /^\{(.+)\}$/.exec(want)?.[1];
    if (name === undefined) {
      if (want !== '+' && want !== levels[i]) return null;
    } else if (name === 'tag') parts.tag = levels[i];
    else parts.fields[name] = levels[i];
  }
  return parts;
}
