import { registerEnumType } from '@nestjs/graphql';
import { ALL_HUB_RIGHTS, ALL_MONITOR_RIGHTS, type HubRight, type MonitorRight } from './rights.js';

/** `manageKeys` → `MANAGE_KEYS`: GraphQL spells enums in capitals. */
function spellEnum<Value extends string>(values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(
    values.map((value) => [value.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(), value]),
  );
}

export const HubRightEnum: Record<string, HubRight> = spellEnum(ALL_HUB_RIGHTS);
export const MonitorRightEnum: Record<string, MonitorRight> = spellEnum(ALL_MONITOR_RIGHTS);

registerEnumType(HubRightEnum, { name: 'HubRight', description: 'What a role may do on the hub.' });
registerEnumType(MonitorRightEnum, { name: 'MonitorRight', description: 'What you may do with a monitor.' });
