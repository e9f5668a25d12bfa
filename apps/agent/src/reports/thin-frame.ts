/** A frame that fits a message: samples thinned out evenly, then details left out. Counts stay exact. Pure. */
import type { TapFrame } from '@millrace/schemas';

export function thinFrame(frame: TapFrame, bytes: number): TapFrame {
  let thin = frame;
  while (size(thin) > bytes) {
    const next = thinner(thin);
    if (next === undefined) return withModulesOf(thin, bytes);
    thin = next;
  }
  return thin;
}

/** Every second sample; undefined when none is left. */
function thinner(frame: TapFrame): TapFrame | undefined {
  let left = false;
  const modules = mapValues(frame.modules, ({ counters, ports }) => ({
    counters,
    ports: mapValues(ports, ({ records, sampled }) => {
      if (sampled.length > 0) left = true;
      return { records, sampled: sampled.length < 2 ? [] : sampled.filter((_, i) => i % 2 === 0) };
    }),
  }));
  return left ? { ...frame, modules } : undefined;
}

/** Of a flow with more modules than fit even so: the first ones. */
function withModulesOf(frame: TapFrame, bytes: number): TapFrame {
  const modules: TapFrame['modules'] = {};
  let room = bytes - size({ ...frame, modules });
  for (const [id, module] of Object.entries(frame.modules)) {
    room -= size({ [id]: module });
    if (room < 0) break;
    modules[id] = module;
  }
  return { ...frame, modules };
}

const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

const mapValues = <T, U>(of: Record<string, T>, make: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [key, make(value)]));
