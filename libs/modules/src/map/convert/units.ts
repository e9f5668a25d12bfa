/**
 * Units by what they measure, and the straight line between two of one measure. Browser-safe.
 *
 * A unit's size is a fraction of whole or exactly defined numbers in the measure's first unit (NIST SP 811,
 * appendix B, and the SI brochure), so that conversions agree to the last digits. Only temperatures have a zero
 * of their own. Names are matched letter by letter: mW and MW differ by a billion.
 */

/** In the measure's base: `(x - zero) * of / per`. */
interface Unit {
  of: number;
  per: number;
  zero: number;
}

const unit = (of: number, per = 1, zero = 0): Unit => ({ of, per, zero });

/** The pound in kilograms, standard gravity in m/s², the inch in metres: all exact by definition. */
const POUND = 0.45359237;
const GRAVITY = 9.80665;
const INCH = 0.0254;
const FOOT = 0.3048;
const GALLON = 231 * INCH ** 3;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const MEASURES = {
  temperature: {
    degC: unit(1),
    '°C': unit(1),
    K: unit(1, 1, 273.15),
    degF: unit(5, 9, 32),
    '°F': unit(5, 9, 32),
    degR: unit(5, 9, 491.67),
  },
  pressure: {
    Pa: unit(1),
    hPa: unit(100),
    kPa: unit(1e3),
    MPa: unit(1e6),
    mbar: unit(100),
    bar: unit(1e5),
    atm: unit(101_325),
    psi: unit(POUND * GRAVITY, INCH * INCH),
    mmHg: unit(133.322387415),
    Torr: unit(101_325, 760),
    inHg: unit(3386.388640341),
    mmH2O: unit(GRAVITY),
    inH2O: unit(GRAVITY * 25.4),
  },
  length: {
    m: unit(1),
    km: unit(1e3),
    cm: unit(1, 100),
    mm: unit(1, 1e3),
    um: unit(1, 1e6),
    µm: unit(1, 1e6),
    nm: unit(1, 1e9),
    in: unit(INCH),
    mil: unit(INCH, 1e3),
    ft: unit(FOOT),
    yd: unit(0.9144),
    mi: unit(1609.344),
  },
  area: {
    m2: unit(1),
    cm2: unit(1, 1e4),
    mm2: unit(1, 1e6),
    in2: unit(INCH ** 2),
    ft2: unit(FOOT ** 2),
  },
  volume: {
    m3: unit(1),
    L: unit(1, 1e3),
    mL: unit(1, 1e6),
    cm3: unit(1, 1e6),
    gal: unit(GALLON),
    ft3: unit(FOOT ** 3),
  },
  mass: {
    kg: unit(1),
    g: unit(1, 1e3),
    mg: unit(1, 1e6),
    t: unit(1e3),
    lb: unit(POUND),
    oz: unit(POUND, 16),
  },
  time: {
    s: unit(1),
    ms: unit(1, 1e3),
    us: unit(1, 1e6),
    µs: unit(1, 1e6),
    ns: unit(1, 1e9),
    min: unit(MINUTE),
    h: unit(HOUR),
    d: unit(DAY),
  },
  frequency: { Hz: unit(1), kHz: unit(1e3), MHz: unit(1e6), GHz: unit(1e9) },
  speed: {
    'm/s': unit(1),
    'mm/s': unit(1, 1e3),
    'm/min': unit(1, MINUTE),
    'km/h': unit(1e3, HOUR),
    'in/s': unit(INCH),
    'ft/s': unit(FOOT),
    'ft/min': unit(FOOT, MINUTE),
    mph: unit(1609.344, HOUR),
    kn: unit(1852, HOUR),
  },
  acceleration: {
    'm/s2': unit(1),
    'mm/s2': unit(1, 1e3),
    'ft/s2': unit(FOOT),
    gn: unit(GRAVITY),
  },
  angle: { rad: unit(1), deg: unit(Math.PI, 180), '°': unit(Math.PI, 180), rev: unit(2 * Math.PI) },
  rotation: {
    'rad/s': unit(1),
    'deg/s': unit(Math.PI, 180),
    rpm: unit(Math.PI, 30),
    'rev/s': unit(2 * Math.PI),
  },
  'volume flow': {
    'm3/s': unit(1),
    'm3/min': unit(1, MINUTE),
    'm3/h': unit(1, HOUR),
    'L/s': unit(1, 1e3),
    'L/min': unit(1, 1e3 * MINUTE),
    'L/h': unit(1, 1e3 * HOUR),
    'mL/min': unit(1, 1e6 * MINUTE),
    'gal/min': unit(GALLON, MINUTE),
    'ft3/min': unit(FOOT ** 3, MINUTE),
  },
  'mass flow': {
    'kg/s': unit(1),
    'kg/min': unit(1, MINUTE),
    'kg/h': unit(1, HOUR),
    'g/s': unit(1, 1e3),
    't/h': unit(1e3, HOUR),
    'lb/h': unit(POUND, HOUR),
  },
  density: { 'kg/m3': unit(1), 'g/cm3': unit(1e3), 'kg/L': unit(1e3), 'lb/ft3': unit(POUND, FOOT ** 3) },
  force: { N: unit(1), kN: unit(1e3), MN: unit(1e6), kgf: unit(GRAVITY), lbf: unit(POUND * GRAVITY) },
  torque: {
    'N.m': unit(1),
    'kN.m': unit(1e3),
    'N.cm': unit(1, 100),
    'lbf.ft': unit(POUND * GRAVITY * FOOT),
    'lbf.in': unit(POUND * GRAVITY * INCH),
  },
  energy: {
    J: unit(1),
    kJ: unit(1e3),
    MJ: unit(1e6),
    Wh: unit(HOUR),
    kWh: unit(1e3 * HOUR),
    MWh: unit(1e6 * HOUR),
    cal: unit(4.184),
    kcal: unit(4184),
    BTU: unit(1055.05585262),
  },
  power: {
    W: unit(1),
    mW: unit(1, 1e3),
    kW: unit(1e3),
    MW: unit(1e6),
    GW: unit(1e9),
    hp: unit(550 * FOOT * POUND * GRAVITY),
    PS: unit(75 * GRAVITY),
    'BTU/h': unit(1055.05585262, HOUR),
  },
  current: { A: unit(1), mA: unit(1, 1e3), uA: unit(1, 1e6), µA: unit(1, 1e6), kA: unit(1e3) },
  voltage: { V: unit(1), mV: unit(1, 1e3), uV: unit(1, 1e6), µV: unit(1, 1e6), kV: unit(1e3) },
  resistance: { Ohm: unit(1), Ω: unit(1), mOhm: unit(1, 1e3), kOhm: unit(1e3), MOhm: unit(1e6) },
  // YAML reads a bare 1 as a number and no bare %: hence the words.
  ratio: {
    fraction: unit(1),
    percent: unit(1, 100),
    '%': unit(1, 100),
    ppm: unit(1, 1e6),
    ppb: unit(1, 1e9),
  },
  data: {
    B: unit(1),
    kB: unit(1e3),
    MB: unit(1e6),
    GB: unit(1e9),
    KiB: unit(1024),
    MiB: unit(1024 ** 2),
    GiB: unit(1024 ** 3),
  },
} satisfies Record<string, Record<string, Unit>>;

const byName = new Map<string, { measure: string; unit: Unit }>();
for (const [measure, units] of Object.entries(MEASURES))
  for (const [name, one] of Object.entries(units)) byName.set(name, { measure, unit: one });

/** Every name, in the order of the table. */
export const UNITS = [...byName.keys()] as [string, ...string[]];

/** Measures with their units, for the docs. */
export const measures: [measure: string, units: string[]][] = Object.entries(MEASURES).map(
  ([measure, units]) => [measure, Object.keys(units)],
);

export function measureOf(name: string): string | undefined {
  return byName.get(name)?.measure;
}

/** `(x - shift) / divisor * factor + offset` turns `from` into `to`; undefined when they measure different things. */
export function conversion(
  from: string,
  to: string,
): { shift: number; divisor: number; factor: number; offset: number } | undefined {
  const a = byName.get(from);
  const b = byName.get(to);
  if (a === undefined || b === undefined || a.measure !== b.measure) return undefined;
  if (a.unit.of === b.unit.of && a.unit.per === b.unit.per)
    // Sizes that are equal need no arithmetic, which would cost a last digit.
    return { shift: a.unit.zero - b.unit.zero, divisor: 1, factor: 1, offset: 0 };
  return {
    shift: a.unit.zero,
    divisor: a.unit.per * b.unit.of,
    factor: a.unit.of * b.unit.per,
    offset: b.unit.zero,
  };
}
