/** What the fields of a form share: the settings they are in, and what is known around the module. */
import { columnsOf, type Columns } from '@millrace/flow';
import type { FlowParameter, ProblemPlace } from '@millrace/schemas';
import { createContext, use } from 'react';
import type { Known } from './hints.js';
import type { Path, Settings } from './settings.js';

export interface Place {
  module: string;
  settings: Settings;
  arriving: Columns;
  parameters: Readonly<Record<string, FlowParameter>>;
  problems: readonly ProblemPlace[];
  known: Known | undefined;
  disabled: boolean;
  /**
   * Undefined takes the value away. `typing`: more of it may come at once. `floor`: depth of the entry that the
   * field is in, which stays.
   */
  set(path: Path, value: unknown, typing?: boolean, floor?: number): void;
}

export const PlaceContext = createContext<Place>({
  module: '',
  settings: {},
  arriving: columnsOf([]),
  parameters: {},
  problems: [],
  known: undefined,
  disabled: true,
  set: () => undefined,
});

export const usePlace = (): Place => use(PlaceContext);

/** The same inside an entry of a list or record. */
export const inEntry = (place: Place, depth: number): Place => ({
  ...place,
  set: (path, value, typing, floor = depth) => place.set(path, value, typing, floor),
});

export interface ControlProps<F> {
  field: F;
  path: Path;
  value: unknown;
  /** Of the input, for its label. */
  id?: string;
  /** For who cannot see what stands around. */
  label: string;
  /** In a list, tuple or record, where what is empty stays. */
  entry?: boolean;
}
