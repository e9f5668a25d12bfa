/** One line that is written over, on a terminal only: a log should not hold a thousand of them. */

export interface Progress {
  show(text: string): void;
  end(): void;
}

export function progress(): Progress {
  const { stderr } = process;
  const shown = stderr.isTTY && process.env.TERM !== 'dumb';
  let last = '';
  return {
    show(text) {
      if (!shown || text === last) return;
      last = text;
      stderr.write(`\r\u001b[K${text.slice(0, Math.max(20, stderr.columns - 1))}`);
    },
    end() {
      if (last !== '') stderr.write('\r\u001b[K');
      last = '';
    },
  };
}
