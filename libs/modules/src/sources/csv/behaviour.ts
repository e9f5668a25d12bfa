/** source.csv: the settings put to work. */
import { Schema, type Create } from '@millrace/engine';
import { type CsvKindSettings, speedOf } from './kind.js';
import { replaySource } from './replay.js';
import { CsvRows } from './rows.js';

export const create: Create<CsvKindSettings> = (context) => {
  const { settings, host } = context;
  const { file, rebase, loop, scale } = settings;
  const schema = new Schema();
  const path = (): string => (file.startsWith('resource:') ? host.resource(file).path : host.path(file));
  return replaySource(
    context,
    schema,
    new CsvRows(schema, settings, file),
    { speed: speedOf(settings.speed), rebase, loop, scale },
    file,
    path,
  );
};
