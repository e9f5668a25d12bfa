/**
 * The contract of a model: what it expects and gives.
 *
 * Guarantee: one shape at upload, at publish (the flow's columns against it) and at start on the node.
 * It says nothing about how a model is run.
 */
import { z } from 'zod';

/** Names of types as model formats spell them; `float32` and `float64` travel as numbers in a record. */
export const ContractDtype = z.enum([
  'float16',
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
]);
export type ContractDtype = z.infer<typeof ContractDtype>;

export const ContractColumn = z
  .object({
    name: z.string().min(1).max(256),
    dtype: ContractDtype,
    unit: z.string().max(64).optional(),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .meta({ id: 'ContractColumn' });
export type ContractColumn = z.infer<typeof ContractColumn>;

export const ContractOutput = z
  .object({
    name: z.string().min(1).max(256),
    dtype: ContractDtype,
    unit: z.string().max(64).optional(),
    /** Without the batch axis; absent for a single value, -1 where a length is free. */
    shape: z.array(z.number().int().min(-1)).max(8).optional(),
  })
  .meta({ id: 'ContractOutput' });
export type ContractOutput = z.infer<typeof ContractOutput>;

/** One known answer: it goes through the real runtime before a model counts as ready. */
export const GoldenVector = z
  .object({
    input: z.record(z.string(), z.unknown()),
    output: z.record(z.string(), z.unknown()),
    /** Largest absolute difference of a number; labels are always exact. */
    tolerance: z.number().min(0),
  })
  .meta({ id: 'GoldenVector' });
export type GoldenVector = z.infer<typeof GoldenVector>;

/** Bytes of a contract in canonical JSON, at most: a node reads it whole. */
export const CONTRACT_BYTES = 4 * 1024 * 1024;

export const Contract = z
  .object({
    columns: z.array(ContractColumn).max(10_000),
    /** Time between two rows; a flow that is known to have another one does not meet the contract. */
    periodMs: z.number().positive().optional(),
    /** Rows of a window, for sequence models. */
    window: z.number().int().min(1).optional(),
    outputs: z.array(ContractOutput).max(1_000),
    /** Digest of the flow whose modules prepared the training data. */
    prepare: z.string().optional(),
    golden: z.array(GoldenVector).max(1_000),
    /** Such as `onnx`, `python`, or a runtime resource. */
    runtime: z.string().max(256),
    metrics: z.record(z.string(), z.number()).optional(),
    trainedOn: z.string().max(2_000).optional(),
  })
  .meta({ id: 'Contract' });
export type Contract = z.infer<typeof Contract>;
