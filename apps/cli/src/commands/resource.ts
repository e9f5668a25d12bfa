import { Option, type Command } from 'commander';
import type { Resource, ResourceKind, ResourceVersion } from '@millrace/schemas';
import { connect } from '../connection.js';
import {
  formatOf,
  outputOptions,
  print,
  printData,
  printDone,
  printList,
  printOne,
  type OutputOptions,
  type View,
} from '../output/format.js';
import { talk } from '../output/talk.js';
import { bytesOf, timeOf } from '../output/time.js';
import { versioned } from '../references.js';
import { collect, UsageError } from '../usage.js';
import { addResourcePast } from './resource-past.js';

const resourceView: View<Resource> = {
  name: ({ name }) => name,
  columns: {
    name: ({ name }) => name,
    kind: ({ kind }) => kind ?? '',
    latest: ({ latest }) => String(latest ?? ''),
    aliases: ({ aliases }) =>
      Object.entries(aliases)
        .map(([alias, version]) => `${alias}=${version}`)
        .join(' '),
    created: ({ createdAt }) => timeOf(createdAt),
  },
};
const versionView: View<ResourceVersion> = {
  name: ({ resource, version }) => `${resource}@${version}`,
  columns: {
    version: ({ version }) => String(version),
    state: ({ state }) => state,
    kind: ({ kind }) => kind,
    size: ({ size }) => bytesOf(size),
    aliases: ({ aliases }) => aliases.join(' '),
    created: ({ createdAt }) => timeOf(createdAt),
    digest: ({ digest }) => digest.slice(0, 19),
    note: ({ note, refusal }) => refusal?.detail ?? note ?? '',
  },
};

interface PushOptions extends OutputOptions {
  name?: string;
  kind?: ResourceKind;
  note?: string;
  contract?: string;
  alias: string[];
}

export function addResource(program: Command): void {
  const resource = program.command('resource').summary('models, scripts and data in the catalogue');

  outputOptions(resource.command('list').description('Lists the resources, newest first.')).action(
    async (options: OutputOptions) => {
      const { each, take } = await import('@millrace/client');
      const { catalogue } = await connect();
      printList(await take(each(catalogue.list, {})), resourceView, options);
    },
  );

  outputOptions(
    resource.command('show').description('Shows a resource with its versions.').argument('<name>'),
  ).action(async (name: string, options: OutputOptions) => {
    const { each, take } = await import('@millrace/client');
    const { catalogue } = await connect();
    const found = await catalogue.get(name);
    const versions = await take(each((query) => catalogue.versions(name, query), {}));
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData({ ...found, versions }, format);
    printOne(found, resourceView, options);
    if (format === 'table' && versions.length > 0) {
      print('');
      printList(versions, versionView, options);
    }
  });

  outputOptions(
    resource
      .command('push')
      .description(
        'Brings a file into the catalogue as a new version. Nothing is sent when its digest is known, and a push ' +
          'that was cut goes on where it stopped. A folder with a file MLmodel is a model that MLflow wrote, and ' +
          'brings its contract along.',
      )
      .argument('<file>')
      .option('--name <name>', 'of the resource (default: the name of the file without its ending)')
      .addOption(
        new Option('--kind <kind>', 'what it is (default: told by the ending)').choices([
          'model',
          'script',
          'runtime',
          'data',
        ]),
      )
      .option('--note <text>', 'what changed')
      .option('--contract <file>', 'JSON: what a model expects and gives, and answers that are known')
      .option('--alias <alias>', 'also point this alias at it; may be given several times', collect, []),
  ).action(async (file: string, options: PushOptions) => {
    const { nameOf, pointAlias } = await import('../catalogue/push.js');
    const { pushShown } = await import('../catalogue/push-shown.js');
    const { mlflowModel } = await import('../catalogue/mlflow.js');
    const { readContract } = await import('../catalogue/contract-file.js');
    const mlflow = await mlflowModel(file);
    const contract = options.contract === undefined ? mlflow?.contract : await readContract(options.contract);
    const director = await connect();
    const { version, sentBytes, digest } = await pushShown(director, {
      name: options.name ?? nameOf(file),
      path: mlflow?.path ?? file,
      kind: options.kind ?? (mlflow && 'model'),
      note: options.note ?? mlflow?.note,
      contract,
    });
    for (const alias of options.alias) await pointAlias(director, version.resource, alias, version.version);
    if (formatOf(options) === 'table') print(versionView.name(version));
    else printOne(version, versionView, options);
    const said = sentBytes === 0 ? 'nothing sent, it was there' : `sent ${bytesOf(sentBytes)}`;
    talk(`${digest}: ${said}`);
    if (mlflow?.requirements) {
      talk(`It runs in Python with the packages of ${mlflow.requirements}: make a runtime of them for it.`);
    }
  });

  outputOptions(
    resource
      .command('inspect')
      .description(
        'Shows what the bytes of a version, or of a file here, say: format, inputs, outputs, operators.',
      )
      .argument('<version>', 'NAME@VERSION, or a file here'),
  ).action(async (what: string, options: OutputOptions) => {
    const { isFile } = await import('../flows/push.js');
    // Too deep for a table.
    const format = formatOf(options) === 'json' ? 'json' : 'yaml';
    if (await isFile(what)) {
      const { inspectFile } = await import('@millrace/inference');
      return printData(await inspectFile(what), format);
    }
    const { catalogue } = await connect();
    const { name, version } = versioned(what);
    const number = version ?? (await catalogue.get(name)).latest;
    if (number === null) throw new UsageError(`${name} has no version yet.`);
    printData(await catalogue.version(name, number), format);
  });

  outputOptions(
    resource
      .command('alias')
      .description(
        'Points an alias at a version. Flows follow it when they are published anew; nothing is deployed.',
      )
      .argument('<name@version>')
      .argument('<alias>'),
  ).action(async (text: string, alias: string, options: OutputOptions) => {
    const { pointAlias } = await import('../catalogue/push.js');
    const { name, version } = versioned(text);
    if (version === undefined) throw new UsageError(`Say which version, such as ${name}@3.`);
    const { moved, from } = await pointAlias(await connect(), name, alias, version);
    printDone({ resource: name, alias, version, from, moved }, `${name}@${alias}`, options);
    const already = moved ? '' : ' already';
    const before = moved && from !== null ? `, before at ${from}` : '';
    talk(`${name}@${alias} is version ${version}${already}${before}`);
  });

  addResourcePast(resource);
}
