import { builder } from './builder.ts';
import './scalars.ts';
import './enums.ts';
import './video.ts';
import './errors.ts';
import './queries.ts';
import './extend-video.ts';
import './generate-video.ts';
import './withdraw-video.ts';
import './delete-video.ts';
import './sequence-mutations.ts';
import './subscriptions.ts';
import './sequence-reads.ts';

/** The whole schema, in the order in which it was written. */
export const schema = builder.toSchema({ sortSchema: false });
