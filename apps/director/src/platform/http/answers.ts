/**
 * What a route answers: status and schema, once, for the reply itself and for its documentation.
 * Guarantee: only what the schema names leaves the process; an answer that does not fit it is a bug (500).
 */
import { applyDecorators, HttpCode, SerializeOptions } from '@nestjs/common';
import { ApiNoContentResponse, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

export function Answers(status: number, schema: z.ZodType, description = ''): MethodDecorator {
  return applyDecorators(
    HttpCode(status),
    SerializeOptions({ schema }),
    ApiResponse({ status, description, standardSchema: schema }),
  );
}

export const AnswersNothing = (): MethodDecorator => applyDecorators(HttpCode(204), ApiNoContentResponse());
