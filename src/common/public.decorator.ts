import { SetMetadata } from '@nestjs/common';

export const ACCESS_KEY = 'watchkeeper:access';

/** Opens a route to everybody. Without a mark a route is closed: the global guard asks for a signed-in user. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_KEY, 'public');

/** A route whose visitor is a monitor's API key, not a user. */
export const ByApiKey = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_KEY, 'api-key');
