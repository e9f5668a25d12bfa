export { behaviours } from './behaviours.js';
export { kinds } from './kinds.js';
export { readRecording, type RecordingPart } from './journal/recording.js';
export { lackingRows } from './models/held.js';
export { inputSource } from './sources/input/input.js';
export { hasRecent, type Recent } from './debug/tap/behaviour.js';
