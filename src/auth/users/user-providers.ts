import { AccountResolver } from './account.resolver.js';
import { Departures } from './departures.js';
import { Expulsions } from './expulsions.js';
import { InvitationDoor } from './invitation-door.js';
import { InvitationService } from './invitation.service.js';
import { LinkLimiter } from './link-limiter.js';
import { PasswordResetService } from './password-reset.service.js';
import { ProfileService } from './profile.service.js';
import { SessionListService } from './session-list.service.js';
import { UserAdminService } from './user-admin.service.js';
import { UsersResolver } from './users.resolver.js';

/** What the auth module provides for users, their invitations and their own accounts. */
export const USER_PROVIDERS = [
  AccountResolver,
  Departures,
  Expulsions,
  InvitationDoor,
  InvitationService,
  LinkLimiter,
  PasswordResetService,
  ProfileService,
  SessionListService,
  UserAdminService,
  UsersResolver,
];
