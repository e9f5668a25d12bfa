/** Texts held as numbers: a bounded dictionary, so that a column of words costs what a column of numbers does. */

/** A column with more different texts than this holds messages, not states. */
const MAX_TEXTS = 10_000;
/** Characters of all of them, since one record may bring megabytes. */
const MAX_CHARACTERS = 10_000_000;

export class Texts {
  private readonly codes = new Map<string, number>();
  private texts: string[] = [];
  private characters = 0;

  /** The number that stands for a text; -1 when there are too many, or too long ones. */
  code(text: string): number {
    const known = this.codes.get(text);
    if (known !== undefined) return known;
    if (this.texts.length >= MAX_TEXTS || this.characters + text.length > MAX_CHARACTERS) return -1;
    this.characters += text.length;
    this.codes.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  text(code: number): string {
    return this.texts[code];
  }

  save(): string[] {
    return this.texts.slice();
  }

  load(texts: string[]): void {
    this.texts = [];
    this.characters = 0;
    this.codes.clear();
    for (const text of texts) this.code(text);
  }
}
