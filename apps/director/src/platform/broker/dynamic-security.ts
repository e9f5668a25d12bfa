/**
 * A conversation with Mosquitto's dynamic-security plugin: JSON commands to a control topic, answers from another.
 *
 * Guarantee: an answer belongs to its question, or the question fails within its deadline; whether the commands
 * took effect is then unknown, so only commands that may be said twice should be said. It gives no command a meaning.
 */
import { Failure } from '@millrace/schemas';
import type { Transport } from '@millrace/transport';
import { z } from 'zod';
import { newId } from '../id.js';

const TOPIC = '$CONTROL/dynamic-security/v1';
/** Mosquitto writes its whole file at each command: 25 ms with 2,000 nodes, and other work waits too. */
const ANSWERS_WITHIN_MS = 10_000;

export interface Command {
  command: string;
  [field: string]: unknown;
}

const Answer = z.object({
  command: z.string(),
  /** English words of the plugin; it has no codes. */
  error: z.string().optional(),
  data: z.unknown().optional(),
  correlationData: z.string().optional(),
});
export type Answer = z.infer<typeof Answer>;
const Answers = z.object({ responses: z.array(Answer) });

export interface DynamicSecurity {
  /** The answers in the order of the commands, each perhaps with its `error`. */
  ask(commands: readonly Command[]): Promise<Answer[]>;
}

interface Question {
  answered(answers: Answer[]): void;
  failed(reason: Failure): void;
}

/** Before the transport connects. */
export function dynamicSecurity(transport: Transport): DynamicSecurity {
  const open = new Map<string, Question>();
  transport.subscribe(`${TOPIC}/response`, ({ payload }) => {
    const { responses } = Answers.parse(JSON.parse(Buffer.from(payload).toString()));
    open.get(responses[0]?.correlationData ?? '')?.answered(responses);
  });
  // The plugin cuts off whoever it has just changed; the answer is then lost.
  transport.onConnection((connection) => {
    if (connection.state === 'connected') return;
    for (const question of open.values()) question.failed(unanswered('The connection ended'));
  });

  return {
    async ask(commands) {
      const id = newId();
      let timer: NodeJS.Timeout | undefined;
      const answer = new Promise<Answer[]>((answered, failed) => {
        open.set(id, { answered, failed });
        const late = `Nothing came within ${ANSWERS_WITHIN_MS / 1000} s`;
        timer = setTimeout(() => failed(unanswered(late)), ANSWERS_WITHIN_MS);
      });
      const said = JSON.stringify({
        commands: commands.map((command) => ({ ...command, correlationData: id })),
      });
      try {
        const [answers] = await Promise.all([
          answer,
          transport.publish(TOPIC, said, { whenOffline: 'fail', deadlineMs: ANSWERS_WITHIN_MS }),
        ]);
        return answers;
      } finally {
        clearTimeout(timer);
        open.delete(id);
      }
    },
  };
}

const unanswered = (what: string) =>
  new Failure(
    'platform.broker-unavailable',
    `${what} from the broker's dynamic security. MQTT_URL must be a Mosquitto 2 with that plugin, and MQTT_USERNAME its admin.`,
  );
