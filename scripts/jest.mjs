// Jest with native ES modules. `--selectProjects` would swallow the paths behind it, so they are put in front.
import { spawnSync } from 'node:child_process';

const args = process.argv.slice(2);
const at = args.indexOf('--selectProjects');
const ordered = at < 0 ? args : [...args.slice(at + 2), ...args.slice(0, at + 2)];
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...ordered];
const { status } = spawnSync(process.execPath, jest, { stdio: 'inherit' });
process.exit(status ?? 1);
