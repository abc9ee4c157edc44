/** Comparing what a client shows with the lab's token. */
import { createHash, timingSafeEqual } from "node:crypto";

/** Tells the right token, and the right cookie, in a time that says nothing of how near a guess was. */
export class LabToken {
  /** What the cookie holds: no one reads the token itself out of a browser. */
  readonly cookie: string;
  readonly #token: Uint8Array;
  readonly #cookie: Uint8Array;

  constructor(token: string) {
    this.cookie = createHash("sha256").update(`MNIST Lab ${token}`).digest("base64url");
    this.#token = digest(token);
    this.#cookie = digest(this.cookie);
  }

  isToken(shown: string | undefined): boolean {
    return shown !== undefined && timingSafeEqual(digest(shown), this.#token);
  }

  isCookie(shown: string | undefined): boolean {
    return shown !== undefined && timingSafeEqual(digest(shown), this.#cookie);
  }
}

/** Of one length whatever the text's, as the comparison needs. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
