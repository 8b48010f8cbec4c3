/**
 * A passkey in the place of a code: the server says what to ask, the browser asks, the server
 * checks the answer.
 */
interface IFromJSON {
  parseRequestOptionsFromJSON?(options: unknown): PublicKeyCredentialRequestOptions;
}

/** Whether this browser can be asked, at this address: it wants a name, and HTTPS. */
export function canUsePasskeys(): boolean {
  return (
    typeof PublicKeyCredential === 'function' &&
    typeof (PublicKeyCredential as unknown as IFromJSON).parseRequestOptionsFromJSON === 'function'
  );
}

/** Ask for a passkey; the answer as JSON. Rejects with a sentence for people. */
export async function askPasskey(options: unknown): Promise<object> {
  const publicKey = (PublicKeyCredential as unknown as IFromJSON).parseRequestOptionsFromJSON!(
    options
  );
  let answer: Credential | null;
  try {
    answer = await navigator.credentials.get({ publicKey });
  } catch {
    // Why is in words for programmers, and browsers tell little of it on purpose.
    answer = null;
  }
  if (answer === null) {
    throw new Error('No passkey was given. Try again, or enter a code.');
  }
  return (answer as Credential & { toJSON(): object }).toJSON();
}
