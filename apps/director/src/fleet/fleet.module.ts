/** The room `fleet`: nodes, groups, join tokens; who is there, and what they say about themselves. */
import { Global, Module } from '@nestjs/common';
import { GroupNames } from '../access/group-names.js';
import { NodeCredentials } from '../access/node-credentials.js';
import { FleetChanges } from './changes.js';
import { NodeCommands } from './commands.js';
import { FleetCredentials } from './credentials.js';
import { NodeFinder } from './finding.js';
import { FleetReader } from './fleet.reader.js';
import { GroupsController } from './groups.controller.js';
import { GroupsService } from './groups.service.js';
import { GroupsStore } from './groups.store.js';
import { JoiningController } from './joining.controller.js';
import { JoiningService } from './joining.service.js';
import { LookingController } from './looking.controller.js';
import { LookingService } from './looking.service.js';
import { NodeAccounts } from './node-accounts.js';
import { NodeLink } from './node-link.js';
import { NodesController } from './nodes.controller.js';
import { NodesService } from './nodes.service.js';
import { NodesStore } from './nodes.store.js';
import { PresenceListener } from './presence.listener.js';
import { Presence } from './presence.js';
import { FleetGroupNames, Reach } from './reach.js';
import { NodeReports } from './reports.js';
import { RunsStore } from './runs.store.js';
import { StandingStore } from './standing.store.js';
import { TrustService } from './trust.service.js';

@Global()
@Module({
  controllers: [NodesController, GroupsController, JoiningController, LookingController],
  providers: [
    FleetChanges,
    FleetReader,
    GroupsService,
    GroupsStore,
    JoiningService,
    LookingService,
    NodeAccounts,
    NodeCommands,
    NodeFinder,
    NodeLink,
    NodeReports,
    NodesService,
    NodesStore,
    Presence,
    PresenceListener,
    RunsStore,
    StandingStore,
    TrustService,
    Reach,
    { provide: GroupNames, useClass: FleetGroupNames },
    { provide: NodeCredentials, useClass: FleetCredentials },
  ],
  // Global for the credentials and names of groups alone: the access asks them.
  exports: [FleetReader, GroupNames, NodeCredentials, NodeLink, NodeReports, Presence],
})
export class FleetModule {}
