import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import {
  PartLinks,
  PartsRequest,
  ResourceVersion,
  Upload,
  UploadBegin,
  UploadBegun,
} from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { UploadsService } from './uploads.service.js';

@Controller('v1/resources/:name')
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  /** Begun again for the same bytes, by whoever may, it goes on from the parts that are there. */
  @Post('versions::begin-upload')
  @Needs('catalogue.write')
  @Answers(200, UploadBegun)
  begin(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: UploadBegin }) body: UploadBegin,
  ): Promise<UploadBegun> {
    return this.uploads.begin(who, name, body);
  }

  @Get('uploads/:upload')
  @Needs('catalogue.write')
  @Answers(200, Upload)
  get(@Who() who: Principal, @Param('name') name: string, @Param('upload') upload: string): Promise<Upload> {
    return this.uploads.get(who, name, upload);
  }

  @Delete('uploads/:upload')
  @Needs('catalogue.write')
  @AnswersNothing()
  abort(@Who() who: Principal, @Param('name') name: string, @Param('upload') upload: string): Promise<void> {
    return this.uploads.abort(who, name, upload);
  }

  @Post('uploads/:upload(^[^:]+)::parts')
  @Needs('catalogue.write')
  @Answers(200, PartLinks)
  parts(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('upload') upload: string,
    @Body({ schema: PartsRequest }) body: PartsRequest,
  ): Promise<PartLinks> {
    return this.uploads.freshLinks(who, name, upload, body);
  }

  /** The version is `sealing` at first; GET it, or follow the live events, until it is ready or refused. */
  @Post('uploads/:upload(^[^:]+)::complete-upload')
  @Needs('catalogue.write')
  @Answers(202, ResourceVersion)
  complete(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('upload') upload: string,
  ): Promise<ResourceVersion> {
    return this.uploads.complete(who, name, upload);
  }
}
