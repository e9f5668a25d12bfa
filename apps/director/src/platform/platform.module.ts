/**
 * Hands what the start has built (director.ts) to the rooms: database, object store, queue, live events.
 * It builds nothing itself.
 */
import { Global, Module, StandardSchemaSerializerInterceptor, type DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Addresses } from './addresses.js';
import { BrokerAccounts } from './broker/accounts.js';
import { Clock } from './clock.js';
import type { Config } from './config.js';
import { Database } from './database/database.js';
import { IdempotencyInterceptor } from './http/idempotency.js';
import { Live } from './live/live.js';
import type { Log } from './log.js';
import { MasterKey } from './master-key.js';
import { ObjectStore } from './objects/store.js';
import { Queue } from './queue/queue.js';

export interface Platform {
  config: Config;
  log: Log;
  clock: Clock;
  addresses: Addresses;
  accounts: BrokerAccounts;
  masterKey: MasterKey;
  database: Database;
  objects: ObjectStore;
  queue: Queue;
  live: Live;
}

/** Inject with `@Inject(CONFIG)` and `@Inject(LOG)`; everything else by its class. */
export const CONFIG = Symbol('config');
export const LOG = Symbol('log');

@Global()
@Module({})
export class PlatformModule {
  static of(platform: Platform): DynamicModule {
    const values = [
      { provide: CONFIG, useValue: platform.config },
      { provide: LOG, useValue: platform.log },
      { provide: Clock, useValue: platform.clock },
      { provide: Addresses, useValue: platform.addresses },
      { provide: BrokerAccounts, useValue: platform.accounts },
      { provide: MasterKey, useValue: platform.masterKey },
      { provide: Database, useValue: platform.database },
      { provide: ObjectStore, useValue: platform.objects },
      { provide: Queue, useValue: platform.queue },
      { provide: Live, useValue: platform.live },
    ];
    return {
      module: PlatformModule,
      providers: [
        ...values,
        // From the outside in: the kept answer is the one that was serialised.
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
      ],
      exports: values.map(({ provide }) => provide),
    };
  }
}
