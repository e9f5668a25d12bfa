/** The director as a process of its own; with MILLRACE_JOBS=elsewhere it answers requests and no more. */
import 'reflect-metadata';
import { runDirector } from './process.js';

await runDirector(({ jobs }) => (jobs === 'elsewhere' ? 'http' : undefined));
