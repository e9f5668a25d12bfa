/** Behaviour of `scale.standard`. */
import { centred } from '../centred.js';

export const create = centred('mean');
