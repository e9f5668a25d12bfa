/** The director's second process: works through the queue and listens to nodes, on the same services. */
import 'reflect-metadata';
import { runDirector } from './process.js';

await runDirector(() => 'jobs');
