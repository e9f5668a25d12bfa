/** The room `catalogue`: resources, their versions and aliases, and how bytes come in. */
import { Module } from '@nestjs/common';
import { CatalogueReader } from './catalogue.reader.js';

@Module({
  providers: [CatalogueReader],
  exports: [CatalogueReader],
})
export class CatalogueModule {}
