/**
 * Inspection: what an uploaded file is, found out from its bytes without loading it.
 *
 * Guarantee: `format` comes from content, never from a name. It is a description; whether a file may be
 * used is decided by the rules that read it.
 */
import { z } from 'zod';
import { ContractDtype } from './contract.js';
import { RuntimeLanguage, RuntimePackage, RuntimeVariant } from './runtime.js';

export const FileFormat = z.enum([
  'onnx',
  'safetensors',
  'pickle',
  'joblib',
  'torchscript',
  'numpy',
  'hdf5',
  'parquet',
  'zip',
  'tar',
  'gzip',
  'zlib',
  'bzip2',
  'xz',
  'zstd',
  'lz4',
  'json',
  'csv',
  'text',
  'empty',
  'unknown',
]);
export type FileFormat = z.infer<typeof FileFormat>;

/** A number is a fixed length, a name a length that several tensors share, null a free length. */
export const TensorDim = z.union([z.number().int().min(0), z.string(), z.null()]);
export type TensorDim = z.infer<typeof TensorDim>;

/** An input or output of a model's graph. */
export const ModelPort = z
  .object({
    name: z.string(),
    /** As a person reads it: `float32`, `sequence(map(string,float32))`. */
    type: z.string(),
    /** Absent when no tensor of a type that can be fed or read. */
    dtype: ContractDtype.optional(),
    /** Absent when the file does not say how many axes there are. */
    dims: z.array(TensorDim).optional(),
    /** Of an output that gives one score a class: the classes, in the order of its last axis. */
    labels: z.array(z.union([z.string(), z.number()])).optional(),
  })
  .meta({ id: 'ModelPort' });
export type ModelPort = z.infer<typeof ModelPort>;

/** Why this file cannot be run here, and where in it the reason stands. */
export const Unsupported = z.object({ reason: z.string(), place: z.string() }).meta({ id: 'Unsupported' });
export type Unsupported = z.infer<typeof Unsupported>;

export const OnnxInspection = z
  .object({
    irVersion: z.number(),
    producer: z.string().optional(),
    producerVersion: z.string().optional(),
    modelVersion: z.number().optional(),
    /** The domain of the standard operators is written `ai.onnx`. */
    opsets: z.array(z.object({ domain: z.string(), version: z.number() })),
    inputs: z.array(ModelPort),
    outputs: z.array(ModelPort),
    nodes: z.number().int(),
    initializers: z.number().int(),
    operators: z.array(z.object({ domain: z.string(), name: z.string(), count: z.number().int() })),
    /** Files with weights that belong beside the model. */
    external: z.array(z.string()).optional(),
    /** What the machine must have, such as `locale en_US.UTF-8`. */
    needs: z.array(z.string()).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'OnnxInspection' });
export type OnnxInspection = z.infer<typeof OnnxInspection>;

export const SafetensorsInspection = z
  .object({
    tensors: z.number().int(),
    bytes: z.number().int(),
    dtypes: z.array(z.object({ dtype: z.string(), count: z.number().int() })),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'SafetensorsInspection' });
export type SafetensorsInspection = z.infer<typeof SafetensorsInspection>;

/** Of a RuntimeManifest: all but its locks, which are long. */
export const RuntimeInspection = z
  .object({
    language: RuntimeLanguage,
    /** How the version of the interpreter begins. */
    interpreter: z.string(),
    variants: z.array(
      RuntimeVariant.pick({ system: true, processor: true }).extend({
        locked: z.boolean(),
        packages: z.array(RuntimePackage),
      }),
    ),
  })
  .meta({ id: 'RuntimeInspection' });
export type RuntimeInspection = z.infer<typeof RuntimeInspection>;

export const Inspection = z
  .object({
    format: FileFormat,
    bytes: z.number().int().min(0),
    /** True when opening it could run code that the file brings along: a pickle, or anything holding one. */
    runsCode: z.boolean(),
    /** Of a compressed file or an archive: what lies inside, as far as it was looked at. */
    inside: z.array(FileFormat).optional(),
    entries: z.number().int().optional(),
    onnx: OnnxInspection.optional(),
    safetensors: SafetensorsInspection.optional(),
    runtime: RuntimeInspection.optional(),
    /** Of a folder that was packed, once all of it was read: what it comes to when it is unpacked. */
    packed: z.object({ files: z.number().int(), bytes: z.number().int() }).optional(),
    unsupported: z.array(Unsupported).optional(),
  })
  .meta({ id: 'Inspection' });
export type Inspection = z.infer<typeof Inspection>;
