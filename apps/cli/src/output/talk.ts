/** Talk: what is said to a person, on stderr, so that stdout stays for data. No colour where none is wanted. */

export function talk(line: string): void {
  process.stderr.write(`${line}\n`);
}

type Paint = 'red' | 'green' | 'yellow' | 'bold' | 'dim';
const codes: Record<Paint, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** Colour on a terminal, unless NO_COLOR says otherwise (https://no-color.org). */
export function paint(text: string, how: Paint, stream: NodeJS.WriteStream = process.stderr): string {
  const plain = (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb' || !stream.isTTY;
  return plain ? text : `\u001b[${codes[how]}m${text}\u001b[0m`;
}
