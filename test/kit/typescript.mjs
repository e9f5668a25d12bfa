/**
 * `node --import test/kit/typescript.mjs FILE.ts`: runs the sources of the workspaces without a build, so that a
 * unit test can start a real process of its own. Journeys run what was built.
 */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
