/**
 * `longtake token alice`: prints a token for development, signed with AUTH_JWT_SECRET, that the
 * gateway with the same environment accepts. `--hours 2` sets its lifetime; the default is 12.
 */

import { SignJWT } from 'jose';
import { readArguments, refuseArguments } from './arguments.ts';

const USAGE = `Usage: longtake token OWNER [--hours 12]

Prints a token for development, signed with AUTH_JWT_SECRET.
`;
/** RFC 7518, 3.2: HS256 needs at least this length, and the gateway refuses shorter secrets. */
const SHORTEST_SECRET = 32;

try {
  process.stdout.write(`${await mintToken(process.env)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** @throws Error with a sentence for the user of the command. */
async function mintToken(env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = readArguments({
    usage: USAGE,
    allowPositionals: true,
    options: { hours: { type: 'string', default: '12' } },
  });
  const [owner] = positionals;
  const hours = Number(values.hours);
  if (!owner || positionals.length > 1)
    return refuseArguments(USAGE, 'Name one owner, as in longtake token alice.');
  if (!(hours > 0)) return refuseArguments(USAGE, '--hours must be a number above 0.');

  // The first secret of a list signs; the others only verify older tokens.
  const secret = env.AUTH_JWT_SECRET?.split(',')[0]?.trim() ?? '';
  if (secret.length < SHORTEST_SECRET) {
    throw new Error(
      `AUTH_JWT_SECRET: set it as the gateway has it, with at least ${SHORTEST_SECRET} characters; openssl rand -base64 32 makes one`,
    );
  }
  const now = Math.floor(Date.now() / 1_000);
  const token = new SignJWT({ [env.AUTH_OWNER_CLAIM || 'sub']: owner })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(now)
    .setExpirationTime(now + Math.round(hours * 3_600));
  if (env.AUTH_ISSUER) token.setIssuer(env.AUTH_ISSUER);
  if (env.AUTH_AUDIENCE) token.setAudience(env.AUTH_AUDIENCE);
  return token.sign(new TextEncoder().encode(secret));
}
