/**
 * The fields of the records on a wire: names to column indexes, fixed for those that a flow's settings name
 * and growing for those that only the data knows.
 *
 * Guarantee: an index, once given, never changes and never goes away, so modules resolve names once, when
 * they are bound. At most MAX_FIELDS names are taken; what comes after them is refused by `index` with -1.
 */

/** A record with more distinct fields than this is a wrong timestamp used as a key, not a machine. */
export const MAX_FIELDS = 10_000;

/** A field that describes another one is written inside an object of its role: `age: { pressure: 20 }`. */
export interface FieldRole {
  /** The object it is written into, such as `age` or `flag`. */
  inside: string;
  /** Its key there: the name of the column that it describes. */
  of: string;
  /** Numbers that stand for words, as flags do. */
  words?: readonly string[];
}

let nextId = 0;

export class Schema {
  readonly id = nextId++;
  readonly names: string[] = [];
  readonly roles: (FieldRole | undefined)[] = [];
  private readonly indexes = new Map<string, number>();

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.index(name);
  }

  get size(): number {
    return this.names.length;
  }

  /** The index of a name, made when new; -1 when the schema is full. */
  index(name: string, role?: FieldRole): number {
    const known = this.indexes.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= MAX_FIELDS) return -1;
    const index = this.names.length;
    this.indexes.set(name, index);
    this.names.push(name);
    this.roles.push(role);
    return index;
  }

  /** The index of a name, or -1 when nothing has named it yet. */
  find(name: string): number {
    return this.indexes.get(name) ?? -1;
  }
}
