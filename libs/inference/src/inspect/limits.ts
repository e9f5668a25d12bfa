/**
 * How much of a file the readers look at. Every count and length that a hostile file could choose has its
 * bound here; going beyond one is a refusal with the bound's name, never a crash.
 */
export const limits = {
  /** Protobuf fields of a whole file. A forest of 5 million nodes has about 50 million. */
  fields: 60_000_000,
  /** Nested types and subgraphs. Real models stay under 5. */
  depth: 16,
  nodes: 1_000_000,
  tensors: 100_000,
  ports: 10_000,
  axes: 8,
  opsets: 100,
  operators: 2_000,
  labels: 100_000,
  externalFiles: 1_000,
  metadata: 64,
  /** Bytes of a name or of a class label. */
  name: 4_096,
  /** Bytes of a metadata value; longer ones are left out. */
  metadataValue: 16_384,
  /** Bytes of a safetensors header: the format's own bound is 100 MB, 100,000 tensors need about 15. */
  safetensorsHeader: 32 * 1024 * 1024,
  archiveEntries: 10_000,
  /** Bytes of a zip's directory. */
  archiveDirectory: 4 * 1024 * 1024,
  /** Bytes of a runtime's manifest, which has its locks in it. */
  manifest: 16 * 1024 * 1024,
  /** Files and folders of a packed folder; what it comes to when it is unpacked; its deepest path. */
  packedEntries: 10_000,
  packedBytes: 512 * 1024 * 1024,
  packedPath: 1_024,
  /** Bytes that all entries of a zip may have when unpacked; scripts and models stay far under it. */
  archiveBytes: 64 * 1024 ** 3,
  /** Bytes unpacked for one packed. Deflate reaches 1,032 at the very most; real tables 20. */
  archiveRatio: 1_100,
  /** Bytes of an archive in a compressed file that are unpacked in memory to be looked at. */
  unpacked: 32 * 1024 * 1024,
  /** Bytes decompressed to see what is inside. */
  peek: 4_096,
  /** Compressed files inside compressed files. */
  layers: 3,
} as const;
