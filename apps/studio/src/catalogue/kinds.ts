/** What a dropped file probably is, by its name; the director looks at its bytes. Pure. */
import type { ResourceKind } from '@millrace/schemas';

export const KINDS: Record<ResourceKind, string> = {
  model: 'Model',
  script: 'Script',
  runtime: 'Runtime',
  data: 'Data',
};

const ENDINGS: Record<string, ResourceKind> = {
  onnx: 'model',
  safetensors: 'model',
  py: 'script',
  r: 'script',
  jl: 'script',
  js: 'script',
  mjs: 'script',
  jar: 'script',
};

export function kindOf(fileName: string): ResourceKind {
  return ENDINGS[/\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? ''] ?? 'data';
}

/** `Pump (2).onnx` is `Pump-2`: what may stand in a reference, as near as it gets. */
export function nameOf(fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.[^.]+(?:\.gz)?$/, '');
  return stem
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '')
    .slice(0, 128);
}
