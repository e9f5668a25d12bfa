import { Controller, Delete, Get, Headers, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { PageQuery, TestFile, TestFileList, TestFileQuery } from '@millrace/schemas';
import type { FastifyRequest } from 'fastify';
import { Needs } from '../../access/guard.js';
import { Who, type Principal } from '../../access/principal.js';
import { Answers, AnswersNothing } from '../../platform/http/answers.js';
import { TestFilesService } from './test-files.service.js';

/** How a test file is sent; no other route takes these. */
export const FILE_TYPES = ['text/csv', 'application/x-ndjson', 'application/octet-stream'];

@Controller('v1/test-files')
export class TestFilesController {
  constructor(private readonly files: TestFilesService) {}

  @Get()
  @Needs('flows.read')
  @Answers(200, TestFileList)
  list(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.files.list(who, query);
  }

  /** The body is the file. */
  @Post()
  @Needs('flows.write')
  @ApiConsumes(...FILE_TYPES)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Answers(201, TestFile)
  upload(
    @Who() who: Principal,
    @Query({ schema: TestFileQuery }) { name }: TestFileQuery,
    @Headers('content-length') length: string | undefined,
    @Req() request: FastifyRequest,
  ): Promise<TestFile> {
    return this.files.take(
      who,
      name ?? 'file',
      request.body,
      length === undefined ? undefined : Number(length),
    );
  }

  @Delete(':id')
  @Needs('flows.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.files.remove(who, id);
  }
}
