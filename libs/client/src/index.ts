export { client, type Client } from './client.js';
export type { FollowOptions } from './events.js';
export type { Answer, Call, ClientOptions, Http, Method } from './http.js';
export { each, take } from './pages.js';
export { pushPiece } from './pieces.js';
export { paceMeter, type Pace } from './rate.js';
export { pushContent, type Content, type Pushed, type PushOptions, type PutOptions } from './upload.js';
