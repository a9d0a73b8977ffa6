import { keys } from './keys';
import { secrets } from './secrets';

/** Both stories of the README, each with what else can be done. */
export const story = [...keys, ...secrets];
