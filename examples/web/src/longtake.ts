/** The client that submits, pays once and follows what was submitted here. */

import { createClient } from '../../../client/index.ts';
import { gatewayUrl } from './connection.ts';
import { getToken, namespace } from './session.ts';
import { local } from './storage.ts';

export const longtake = createClient({
  url: gatewayUrl,
  token: getToken,
  // Without it, a request that is being sent is lost with a reload, and may be paid.
  storage: local ?? undefined,
  namespace,
});
