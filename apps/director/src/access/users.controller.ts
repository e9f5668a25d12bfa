import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import {
  Me,
  Organization,
  OrganizationChange,
  PageQuery,
  PasswordChange,
  RoleList,
  User,
  UserChange,
  UserCreate,
  UserList,
} from '@millrace/schemas';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { Needs, SignedIn } from './guard.js';
import { grants } from './permissions.js';
import { Who, type Principal } from './principal.js';
import { UsersService } from './users.service.js';

@Controller('v1')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('me')
  @SignedIn()
  @Answers(200, Me)
  me(@Who() who: Principal): Promise<Me> {
    return this.users.me(who);
  }

  @Post('me::change-password')
  @SignedIn()
  @AnswersNothing()
  changePassword(
    @Who() who: Principal,
    @Body({ schema: PasswordChange }) body: PasswordChange,
  ): Promise<void> {
    return this.users.changePassword(who, body);
  }

  @Get('organization')
  @SignedIn()
  @Answers(200, Organization)
  organization(@Who() who: Principal): Promise<Organization> {
    return this.users.organization(who);
  }

  @Patch('organization')
  @Needs('access.write')
  @Answers(200, Organization)
  changeOrganization(
    @Who() who: Principal,
    @Body({ schema: OrganizationChange }) body: OrganizationChange,
  ): Promise<Organization> {
    return this.users.changeOrganization(who, body);
  }

  @Get('roles')
  @SignedIn()
  @Answers(200, RoleList)
  roles(): RoleList {
    const items = Object.entries(grants).map(([role, permissions]) => ({
      role,
      permissions: [...permissions],
    }));
    return RoleList.parse({ items, next: null });
  }

  @Get('users')
  @Needs('access.read')
  @Answers(200, UserList)
  list(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.users.list(who, query);
  }

  @Post('users')
  @Needs('access.write')
  @Answers(201, User)
  create(@Who() who: Principal, @Body({ schema: UserCreate }) body: UserCreate): Promise<User> {
    return this.users.create(who, body);
  }

  @Get('users/:id')
  @Needs('access.read')
  @Answers(200, User)
  get(@Who() who: Principal, @Param('id') id: string): Promise<User> {
    return this.users.get(who, id);
  }

  @Patch('users/:id')
  @Needs('access.write')
  @Answers(200, User)
  change(
    @Who() who: Principal,
    @Param('id') id: string,
    @Body({ schema: UserChange }) body: UserChange,
  ): Promise<User> {
    return this.users.change(who, id, body);
  }

  @Delete('users/:id')
  @Needs('access.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.users.remove(who, id);
  }
}
