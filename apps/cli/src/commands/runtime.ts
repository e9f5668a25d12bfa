import type { Command } from 'commander';
import { connect } from '../connection.js';
import { formatOf, outputOptions, print, printDone, type OutputOptions } from '../output/format.js';
import { talk } from '../output/talk.js';
import { collect, UsageError } from '../usage.js';

interface LockFlags extends OutputOptions {
  requirement?: string;
  python?: string;
  platform: string[];
  packages?: boolean;
  name?: string;
  note?: string;
  out?: string;
}

export function addRuntime(program: Command): void {
  const runtime = program.command('runtime').summary('what models and scripts of other languages run in');

  outputOptions(
    runtime
      .command('lock')
      .description(
        'Locks requirements of Python to versions and hashes, and brings the runtime to the catalogue. With --packages ' +
          'its packages come along, so that a plant without internet can build it.',
      )
      .option('-r, --requirement <file>', 'a requirements file: names with versions')
      .option('--name <name>', 'of the resource')
      .option('--python <version>', 'such as 3.11 (default: that of this machine)')
      .option(
        '--platform <system-processor>',
        'such as linux-x64 (default: this machine); may be given several times',
        collect,
        [],
      )
      .option('--packages', 'fetch the packages too')
      .option('--note <text>', 'what changed')
      .option('--out <dir>', 'into this folder, and not to a director'),
  ).action(async (options: LockFlags) => {
    const { requirement: file, name, python, platform, packages = false, note, out } = options;
    if (file === undefined || name === undefined) throw new UsageError('-r FILE and --name NAME are needed.');
    const { keepRuntime, lockRuntime, pushRuntime } = await import('../catalogue/lock.js');
    const director = out === undefined ? await connect() : undefined;
    await lockRuntime({ file, python, platforms: platform, packages, say: talk }, async (locked) => {
      if (director === undefined) {
        const path = await keepRuntime(out!, name, locked);
        talk(`the runtime is ${path}`);
        return printDone({ path }, path, options);
      }
      const pushed = await pushRuntime(director, name, locked, note, talk);
      printDone({ name, ...pushed }, `${name}@${pushed.version}`, options);
      talk(`${name}@${pushed.version} is ready`);
    });
  });

  outputOptions(
    runtime
      .command('push')
      .description('Brings a runtime that was locked into a folder to the catalogue, packages first.')
      .argument('<manifest>', 'a file that `millrace runtime lock --out` wrote')
      .option('--name <name>', 'of the resource (default: the name of the file without its ending)')
      .option('--packages <dir>', 'where its packages lie (default: packages/ beside the manifest)')
      .option('--note <text>', 'what changed'),
  ).action(
    async (
      path: string,
      options: OutputOptions & Pick<LockFlags, 'name' | 'note'> & { packages?: string },
    ) => {
      const { localRuntime, pushRuntime } = await import('../catalogue/lock.js');
      const { nameOf } = await import('../catalogue/push.js');
      const { name = nameOf(path), note } = options;
      const pushed = await pushRuntime(
        await connect(),
        name,
        await localRuntime(path, options.packages),
        note,
        talk,
      );
      printDone({ name, ...pushed }, `${name}@${pushed.version}`, options);
      talk(`${name}@${pushed.version} is ready`);
    },
  );

  outputOptions(
    runtime
      .command('build')
      .description('Builds a runtime on this machine, as a node would, and prints the folder.')
      .argument('<manifest>', 'a file that `millrace runtime lock --out` wrote')
      .option('--packages <dir>', 'where its packages lie (default: packages/ beside the manifest)'),
  ).action(async (manifest: string, options: OutputOptions & { packages?: string }) => {
    const { builtRuntime } = await import('../run/built.js');
    const folder = await builtRuntime(manifest, options.packages);
    if (formatOf(options) === 'table') print(folder);
    else printDone({ folder }, folder, options);
  });
}
