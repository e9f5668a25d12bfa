/** Behaviour of `scale.robust`. */
import { centred } from '../centred.js';

export const create = centred('center');
