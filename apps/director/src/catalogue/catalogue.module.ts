/** The room `catalogue`: resources, their versions and aliases, and how bytes come in. */
import { Module } from '@nestjs/common';
import { AliasMoves } from './alias-moves.js';
import { AliasesController } from './aliases.controller.js';
import { AliasesService } from './aliases.service.js';
import { CatalogueReader } from './catalogue.reader.js';
import { CollectingJob } from './collecting.job.js';
import { KnownBytes } from './known-bytes.js';
import { LockedRuntimes } from './locked-runtimes.js';
import { PiecesController } from './pieces.controller.js';
import { PiecesService } from './pieces.service.js';
import { Removal } from './removal.js';
import { ResourcesController } from './resources.controller.js';
import { ResourcesService } from './resources.service.js';
import { ResourcesStore } from './resources.store.js';
import { RetentionController } from './retention.controller.js';
import { RetentionService } from './retention.service.js';
import { RetentionStore } from './retention.store.js';
import { SealingJob } from './sealing.job.js';
import { SealingService } from './sealing.service.js';
import { UploadParts } from './upload-parts.js';
import { UploadsController } from './uploads.controller.js';
import { UploadsService } from './uploads.service.js';
import { UploadsStore } from './uploads.store.js';
import { VersionBlobs } from './version-blobs.js';

@Module({
  controllers: [
    ResourcesController,
    UploadsController,
    PiecesController,
    AliasesController,
    RetentionController,
  ],
  providers: [
    AliasMoves,
    AliasesService,
    CatalogueReader,
    CollectingJob,
    KnownBytes,
    LockedRuntimes,
    PiecesService,
    Removal,
    ResourcesService,
    ResourcesStore,
    RetentionService,
    RetentionStore,
    SealingJob,
    SealingService,
    UploadParts,
    UploadsService,
    UploadsStore,
    VersionBlobs,
  ],
  exports: [AliasMoves, CatalogueReader, LockedRuntimes],
})
export class CatalogueModule {}
