import { SetMetadata } from '@nestjs/common';

export const ACCESS_KEY = 'watchkeeper:access';

/** Opens a route to everybody. Without a mark a route is closed: the global guard asks for a signed-in user. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_KEY, 'public');

export const SIGNED_IN_KEY = 'watchkeeper:signed-in';

/**
 * What a user must have signed in for in a browser: passwords, sessions, tokens, other users. A personal token, which
 * may lie in a script, cannot do it, so that whoever finds one cannot make themselves at home.
 */
export const SignedInOnly = (): MethodDecorator & ClassDecorator => SetMetadata(SIGNED_IN_KEY, true);

/** A route whose visitor is a monitor's API key, not a user. */
export const ByApiKey = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_KEY, 'api-key');
