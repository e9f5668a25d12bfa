import { Body, Controller, Get, Headers, Param, Post, Req, Res } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import {
  DownloadReply,
  DownloadRequest,
  NodeWhy,
  ReportReply,
  SignedDesired,
  SignedReport,
} from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ForNodes, Needs } from '../access/guard.js';
import { WhichNode, Who, type NodePrincipal, type Principal } from '../access/principal.js';
import { Presence } from '../fleet/presence.js';
import { Answers } from '../platform/http/answers.js';
import { etagOf } from '../platform/http/etag.js';
import { NodeDesiredService } from './node-desired.service.js';
import { ReportsService } from './reports.service.js';

@Controller('v1')
export class AgentController {
  constructor(
    private readonly desired: NodeDesiredService,
    private readonly reports: ReportsService,
    private readonly presence: Presence,
  ) {}

  /** 304 when If-None-Match names the digest of the newest payload. */
  @Get('agent/desired')
  @ForNodes()
  @ApiResponse({ status: 200, description: 'The signed desired state', standardSchema: SignedDesired })
  @ApiResponse({ status: 304, description: 'The node has it already' })
  async current(
    @WhichNode() node: NodePrincipal,
    @Headers('if-none-match') tag: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const known = tag?.replace(/^W\//, '').replaceAll('"', '');
    const { digest, signed } = await this.desired.current(node, known);
    void reply.header('etag', etagOf(digest));
    await (signed ? reply.send(signed) : reply.code(304).send());
  }

  @Post('agent/report')
  @ForNodes()
  @Answers(200, ReportReply)
  report(
    @WhichNode() { organization, node }: NodePrincipal,
    @Body({ schema: SignedReport }) _checked: z.infer<typeof SignedReport>,
    @Req() request: FastifyRequest,
  ) {
    this.presence.heard(organization, node);
    // As it was sent: the signature covers fields that this build does not know.
    return this.reports.recordReport(organization, node, request.body as SignedReport);
  }

  @Post('agent/downloads')
  @ForNodes()
  @Answers(200, DownloadReply)
  download(
    @WhichNode() node: NodePrincipal,
    @Body({ schema: DownloadRequest }) body: z.infer<typeof DownloadRequest>,
  ) {
    return this.desired.download(node, body.digest);
  }

  @Get('nodes/:id/why')
  @Needs('fleet.read')
  @Answers(200, NodeWhy)
  why(@Who() who: Principal, @Param('id') id: string): Promise<NodeWhy> {
    return this.desired.why(who, id);
  }
}
