/** The settings of sources that read payloads as records: what a payload is and where its time is. Browser-safe. */
import { z } from 'zod';
import { Fields } from './csv/fields.js';

export const payloadSettings = {
  timestamp: z
    .strictObject({
      path: z.string().min(1).describe('Field of the payload that holds the time; dots lead into objects.'),
      unit: z
        .enum(['ms', 's', 'us', 'ns', 'iso'])
        .default('ms')
        .describe('Unit of a number since 1970, or `iso` for text such as 2024-05-01T12:00:00Z.'),
    })
    .optional()
    .describe('Where the time of a record is. The moment of arrival when absent.'),
  fields: Fields.optional(),
};

/** What `Payloads` needs to know. */
export interface PayloadSettings {
  format: 'json' | 'csv' | 'raw';
  timestamp?: { path: string; unit: 'ms' | 's' | 'us' | 'ns' | 'iso' };
  fields?: Fields;
  columns?: string[];
  topicFields?: string;
}
