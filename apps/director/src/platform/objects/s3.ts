/**
 * The object store on S3 or what speaks like it. Links go straight there, past the director.
 * Checksum options are WHEN_REQUIRED, since browsers and the agent use the links with plain requests.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Readable } from 'node:stream';
import { Failure } from '@millrace/schemas';
import type { S3Config } from '../config.js';
import {
  assertKey,
  ObjectStore,
  type Link,
  type ObjectInfo,
  type Part,
  type Range,
  type StoredPart,
} from './store.js';

export class S3Store extends ObjectStore {
  private readonly client: S3Client;
  /** Signs links with the address that nodes and browsers know. */
  private readonly linking: S3Client;
  private readonly bucket: string;

  constructor(
    config: S3Config,
    private readonly now: () => number,
  ) {
    super();
    this.bucket = config.bucket;
    const options: S3ClientConfig = {
      region: config.region,
      forcePathStyle: config.forcePathStyle,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(config.credentials && { credentials: config.credentials }),
    };
    this.client = new S3Client({ ...options, endpoint: config.endpoint });
    this.linking = new S3Client({ ...options, endpoint: config.publicEndpoint ?? config.endpoint });
  }

  async put(key: string, body: Readable | Uint8Array, size: number): Promise<void> {
    await this.client.send(new PutObjectCommand({ ...this.at(key), Body: body, ContentLength: size }));
  }

  async get(key: string, range?: Range): Promise<Readable> {
    try {
      const found = await this.client.send(
        new GetObjectCommand({
          ...this.at(key),
          ...(range && { Range: `bytes=${range.start}-${range.end}` }),
        }),
      );
      return found.Body as Readable;
    } catch (error) {
      if (isMissing(error))
        throw new Failure('platform.object-missing', `The object store has nothing under ${key}.`);
      throw error;
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      const found = await this.client.send(new HeadObjectCommand(this.at(key)));
      return { size: found.ContentLength ?? 0 };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.at(key)));
  }

  async beginUpload(key: string): Promise<string> {
    const begun = await this.client.send(new CreateMultipartUploadCommand(this.at(key)));
    if (!begun.UploadId) throw new Error('the object store began an upload without an id');
    return begun.UploadId;
  }

  async partLink(key: string, upload: string, part: number, size: number, seconds: number): Promise<Link> {
    const command = new UploadPartCommand({
      ...this.at(key),
      UploadId: upload,
      PartNumber: part,
      ContentLength: size,
    });
    return this.signed((client, expiresIn) => getSignedUrl(client, command, { expiresIn }), seconds);
  }

  async listParts(key: string, upload: string): Promise<StoredPart[]> {
    const parts: StoredPart[] = [];
    let after: string | undefined;
    try {
      do {
        const page = await this.client.send(
          new ListPartsCommand({ ...this.at(key), UploadId: upload, PartNumberMarker: after }),
        );
        for (const { PartNumber: number, Size: size, ETag: etag } of page.Parts ?? []) {
          if (number !== undefined && size !== undefined && etag !== undefined)
            parts.push({ number, size, etag });
        }
        after = page.IsTruncated ? page.NextPartNumberMarker : undefined;
      } while (after !== undefined);
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NoSuchUpload') return [];
      throw error;
    }
    return parts;
  }

  async completeUpload(key: string, upload: string, parts: Part[]): Promise<void> {
    try {
      await this.client.send(
        new CompleteMultipartUploadCommand({
          ...this.at(key),
          UploadId: upload,
          MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
        }),
      );
    } catch (error) {
      if (error instanceof S3ServiceException && ['NoSuchUpload', 'InvalidPart'].includes(error.name)) {
        throw new Failure(
          'platform.object-missing',
          `The upload or one of its parts is not there: ${error.name}.`,
        );
      }
      throw error;
    }
  }

  async abortUpload(key: string, upload: string): Promise<void> {
    try {
      await this.client.send(new AbortMultipartUploadCommand({ ...this.at(key), UploadId: upload }));
    } catch (error) {
      if (!(error instanceof S3ServiceException && error.name === 'NoSuchUpload')) throw error;
    }
  }

  async link(key: string, seconds: number): Promise<Link> {
    const command = new GetObjectCommand(this.at(key));
    return this.signed((client, expiresIn) => getSignedUrl(client, command, { expiresIn }), seconds);
  }

  async check(): Promise<void> {
    await this.client.send(new HeadBucketCommand({ Bucket: this.bucket }));
  }

  async close(): Promise<void> {
    this.client.destroy();
    this.linking.destroy();
  }

  private at(key: string): { Bucket: string; Key: string } {
    assertKey(key);
    return { Bucket: this.bucket, Key: key };
  }

  private async signed(
    sign: (client: S3Client, seconds: number) => Promise<string>,
    seconds: number,
  ): Promise<Link> {
    const expiresAt = this.now() + seconds * 1_000;
    return { url: await sign(this.linking, seconds), expiresAt };
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}
