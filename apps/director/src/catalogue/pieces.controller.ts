import { Body, Controller, Param, Post } from '@nestjs/common';
import { PieceBegin, PieceBegun, Upload } from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers } from '../platform/http/answers.js';
import { PiecesService } from './pieces.service.js';

@Controller('v1/resources/:name')
export class PiecesController {
  constructor(private readonly pieces: PiecesService) {}

  /** A package that a runtime will name. Parts, links and giving up are those of every upload. */
  @Post('pieces::begin-upload')
  @Needs('catalogue.write')
  @Answers(200, PieceBegun)
  begin(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: PieceBegin }) body: PieceBegin,
  ): Promise<PieceBegun> {
    return this.pieces.begin(who, name, body);
  }

  /** The upload is `sealing` at first; GET it until it is `sealed`, or `aborted` with a refusal. */
  @Post('pieces/:upload(^[^:]+)::complete-upload')
  @Needs('catalogue.write')
  @Answers(202, Upload)
  complete(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('upload') upload: string,
  ): Promise<Upload> {
    return this.pieces.complete(who, name, upload);
  }
}
