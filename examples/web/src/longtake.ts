/** The client that submits, pays once and follows what was submitted here. */

import { createClient } from '../../../client/index.ts';
import { gatewayUrl } from './connection.ts';
import { getToken } from './session.ts';

export const longtake = createClient({ url: gatewayUrl, token: getToken, storage: localStorage });
