import { keys } from './keys';
import { projects } from './projects';
import { secrets } from './secrets';

/** The three stories of the README, each with what else can be done. */
export const story = [...keys, ...secrets, ...projects];
