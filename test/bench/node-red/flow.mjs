// The job of sensors.mjs as a user of Node-RED draws it: json, switch, three functions, json; between MQTT nodes, or
// between a function that sends and one that counts.
import { LIMITS, PERIOD_MS, scaling } from '../rig/sensors.mjs';

const functions = {
  scale: `
    const scaling = ${JSON.stringify(scaling)};
    for (const name in scaling) {
      msg.payload[name] = (msg.payload[name] - scaling[name].mean) / scaling[name].scale;
    }
    return msg;`,
  mean: `
    const names = ${JSON.stringify(Object.keys(scaling))};
    let sum = 0;
    for (const name of names) sum += msg.payload[name];
    msg.payload = { t: msg.payload.t, mean: sum / names.length };
    return msg;`,
  align: `
    const { t, mean } = msg.payload;
    let boundary = context.get('boundary') ?? Math.ceil(t / ${PERIOD_MS}) * ${PERIOD_MS};
    const rows = [];
    for (; t > boundary; boundary += ${PERIOD_MS}) {
      rows.push({ payload: { t: boundary, mean: context.get('held') } });
    }
    context.set('boundary', boundary);
    context.set('held', mean);
    return [rows];`,
};

function flowOf(first, last, more = []) {
  const made = (id, code) => ({ id, type: 'function', func: functions[code], outputs: 1 });
  const range = [{ t: 'btwn', v: String(LIMITS.min), vt: 'num', v2: String(LIMITS.max), v2t: 'num' }];
  const chain = [
    first,
    { id: 'parse', type: 'json', property: 'payload', action: 'obj' },
    {
      id: 'range',
      type: 'switch',
      property: 'payload.s0',
      propertyType: 'msg',
      rules: range,
      checkall: 'true',
      outputs: 1,
    },
    made('scale', 'scale'),
    made('mean', 'mean'),
    made('align', 'align'),
    { id: 'write', type: 'json', property: 'payload', action: 'str' },
    last,
  ];
  const wired = chain.map((node, i) => ({
    z: 'tab',
    x: 100,
    y: 40 * i,
    ...node,
    wires: i + 1 < chain.length ? [[chain[i + 1].id]] : [],
  }));
  return [{ id: 'tab', type: 'tab', label: 'bench' }, ...more, ...wired];
}

export function fieldFlow({ port, from, to, qos }) {
  const broker = {
    id: 'broker',
    type: 'mqtt-broker',
    broker: '127.0.0.1',
    port: String(port),
    protocolVersion: '4',
    keepalive: '60',
    autoConnect: true,
    cleansession: true,
  };
  const source = {
    id: 'in',
    type: 'mqtt in',
    topic: from,
    qos: String(qos),
    datatype: 'utf8',
    broker: 'broker',
  };
  const sink = {
    id: 'out',
    type: 'mqtt out',
    topic: to,
    qos: String(qos),
    retain: 'false',
    broker: 'broker',
  };
  return flowOf(source, sink, [broker]);
}

/** `bench` comes from settings.cjs. */
export function memoryFlow() {
  const send = `global.get('bench').from((payload) => node.send({ payload })); return null;`;
  const count = `global.get('bench').row(msg.payload); return null;`;
  const once = {
    id: 'once',
    type: 'inject',
    z: 'tab',
    once: true,
    onceDelay: 0.1,
    props: [],
    wires: [['in']],
  };
  return flowOf(
    { id: 'in', type: 'function', func: send, outputs: 1 },
    { id: 'out', type: 'function', func: count, outputs: 0 },
    [once],
  );
}
