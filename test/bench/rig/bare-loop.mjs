// The limit of what goes broker to broker: mqtt.js alone, which does the job by hand.
// node bare-loop.mjs PORT FROM TO QOS JOB
import { connectAsync } from 'mqtt';
import { byHand } from './sensors.mjs';

const [, , port, from, to, qosText, job] = process.argv;
const qos = Number(qosText);
const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
  clientId: `bare-${from}`,
  protocolVersion: 4,
});
// Else it waits for the broker's host before each small packet.
client.stream.setNoDelay(true);
const publish = (row) => client.publish(to, row, { qos });

/** Each pair of samples of one time, as soon as it is whole. */
function aligned(out) {
  let [a, b] = [{ t: NaN }, { t: NaN }];
  return (message) => {
    const sample = JSON.parse(message);
    if (sample.a !== undefined) a = sample;
    else b = sample;
    if (a.t === b.t) out(`{"t":${a.t},"a":${a.a},"b":${b.b}}`);
  };
}

const take = (job === 'aligned' ? aligned : byHand)(publish);
client.on('message', (_topic, payload) => take(payload.toString()));
await client.subscribeAsync(from, { qos });
console.log('ready');
