import type { FormEvent } from 'react';
import { signIn, useSession } from './session.ts';

/** Shown when the gateway requires a token. Drafts and pending submits are kept. */
export function SignIn() {
  const { isAsked, hadToken } = useSession();
  if (!isAsked) return null;

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get('token') ?? '').trim();
    if (token) signIn(token);
  }

  return (
    <form className="notice" onSubmit={onSubmit} aria-labelledby="sign-in">
      <h2 id="sign-in">{hadToken ? 'Your sign-in has expired' : 'Sign in'}</h2>
      <p>Nothing is lost: what you have written or sent is kept.</p>
      <label htmlFor="token">Token</label>
      <input id="token" name="token" type="password" required autoComplete="off" />
      <button type="submit" className="quiet">
        Sign in
      </button>
    </form>
  );
}
