/**
 * What a route answers: status and schema, once, for the reply itself and for its documentation.
 * Guarantee: only what the schema names leaves the process; an answer that does not fit it is a bug (500).
 */
import { applyDecorators, HttpCode, SerializeOptions, SetMetadata } from '@nestjs/common';
import { ApiNoContentResponse, ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

export function Answers(status: number, schema: z.ZodType, description = ''): MethodDecorator {
  return applyDecorators(
    HttpCode(status),
    SerializeOptions({ schema }),
    ApiResponse({ status, description, standardSchema: schema }),
  );
}

export const AnswersNothing = (): MethodDecorator => applyDecorators(HttpCode(204), ApiNoContentResponse());

/** Whoever asks again is answered anew: what was answered is not kept. */
export const STREAMS = 'millrace:streams';

/**
 * A route that writes server-sent events itself, each of this schema. A stream cannot be given a second time, so
 * an Idempotency-Key means nothing there: whoever asks again gets a stream of their own.
 */
export function Streams(schema: z.ZodType, description = ''): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    SetMetadata(STREAMS, true),
    ApiProduces('text/event-stream'),
    ApiResponse({ status: 200, description, standardSchema: schema }),
  );
}

/** A route that writes bytes itself, of one of these media types; as little kept as a stream. */
export function AnswersBytes(types: readonly string[], description: string): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    SetMetadata(STREAMS, true),
    ApiProduces(...types),
    ApiResponse({ status: 200, description, schema: { type: 'string', format: 'binary' } }),
  );
}
