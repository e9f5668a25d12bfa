/** The one line that makes a machine a node. Pure. */

/** For a shell: what is only letters and the like stays, all else is quoted. */
const word = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Joins and starts the agent; `name` is the node's, else its host name. */
export function joinLine(url: string, token: string, name = ''): string {
  const named = name === '' ? '' : ` --name ${word(name)}`;
  return `npx millrace node join --url ${word(url)} --token ${word(token)}${named} && npx millrace agent run`;
}

/** `59 min 12 s`, `12 s`; nothing when it is over. */
export function left(expiresAt: string, now: number): string | undefined {
  const seconds = Math.ceil((new Date(expiresAt).getTime() - now) / 1_000);
  if (seconds <= 0) return undefined;
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3_600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  if (days! > 0) return `${days} d ${hours} h`;
  if (hours! > 0) return `${hours} h ${minutes} min`;
  if (minutes! > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}
