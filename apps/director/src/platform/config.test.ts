import { readFile } from 'node:fs/promises';
import { configurationTable, readConfig } from './config.js';

describe('the configuration', () => {
  it('is the table of docs/configuration.md', async () => {
    const page = await readFile(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
    const squeezed = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
    expect(squeezed(page)).toContain(squeezed(configurationTable()));
  });

  it('is embedded where nothing is said', () => {
    const config = readConfig({ DATABASE_URL: '', PATH: '/bin' });
    expect(config).toMatchObject({
      host: '127.0.0.1',
      database: { url: undefined },
      s3: undefined,
      mqtt: undefined,
    });
  });

  it.each([
    [{ MILLRACE_PORT: 'eighty' }, 'MILLRACE_PORT'],
    [{ DATABASE_URL: 'somewhere' }, 'DATABASE_URL'],
    [{ MILLRACE_MASTER_KEY: 'c2hvcnQ' }, 'MILLRACE_MASTER_KEY'],
    [{ S3_BUCKET: 'b', S3_FORCE_PATH_STYLE: 'yes' }, 'S3_FORCE_PATH_STYLE'],
  ])('names the variable that is wrong: %j', (environment, name) => {
    expect(() => readConfig(environment)).toThrow(new RegExp(name));
  });

  it('joins what belongs together', () => {
    const config = readConfig({
      S3_BUCKET: 'b',
      S3_ENDPOINT: 'http://s3:9000',
      S3_ACCESS_KEY_ID: 'a',
      S3_SECRET_ACCESS_KEY: 's',
      S3_FORCE_PATH_STYLE: 'true',
      MILLRACE_PUBLIC_URL: 'https://millrace.example.org/',
    });
    expect(config.publicUrl).toBe('https://millrace.example.org');
    expect(config.s3).toMatchObject({
      bucket: 'b',
      forcePathStyle: true,
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    });
  });
});
