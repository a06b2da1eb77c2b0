/**
 * A key as JSON Web Key: Ed25519, or the secret of HS256.
 *
 * It is spelt out since `JsonWebKey` is a type of browsers, which programs for Node.js do not know.
 */
export interface AppTokenKey {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly d?: string;
  readonly k?: string;
}

/** A key pair for app tokens. */
export interface AppTokenKeyPair {
  /** Stays in your backend. */
  readonly privateKey: AppTokenKey;
  /** An entry of the desk's `PRIVACYDESK_APP_TOKEN_KEYS`. */
  readonly publicKey: AppTokenKey;
}

/** Who is logged in. */
export interface AppTokenClaims {
  /** The account's id, which never changes; the account service takes the same. */
  readonly account: string;
  /** The language the chat begins in, such as `zh-Hant`. */
  readonly locale?: string;
  /** What the first screen suggests is for a child's, or a suspended, account. */
  readonly standing?: "minor" | "suspended";
  /** The token's own id, so that it can be revoked alone. */
  readonly tokenId?: string;
}

export interface AppTokenSignerOptions {
  /** The desk's `PRIVACYDESK_APP_TOKEN_AUDIENCE`. */
  readonly audience?: string;
  /** How long a token is valid, in seconds. */
  readonly lifetime?: number;
}

/**
 * Make a key pair for app tokens.
 *
 * @param kid the key's id; another one for each key
 */
export async function generateAppTokenKey(kid: string): Promise<AppTokenKeyPair> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const { d, x } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const key: AppTokenKey = { kty: "OKP", crv: "Ed25519", kid, x: x ?? "" };
  // Not every library that signs knows the name of RFC 9864 yet; the desk does.
  return { privateKey: { ...key, d: d ?? "" }, publicKey: { ...key, alg: "Ed25519" } };
}

/** Signs the short-lived tokens that tell the desk who is logged in to the app. */
export class AppTokenSigner {
  readonly #key: CryptoKey;
  readonly #header: string;
  readonly #audience: string;
  readonly #lifetime: number;

  private constructor(key: CryptoKey, header: object, options: AppTokenSignerOptions) {
    this.#key = key;
    this.#header = encoded(JSON.stringify(header));
    this.#audience = options.audience ?? "privacydesk";
    this.#lifetime = options.lifetime ?? 300;
  }

  /**
   * @param jwk the private key, parsed or as JSON
   * @param options what differs from the desk's defaults
   */
  static async fromJwk(jwk: AppTokenKey | string, options: AppTokenSignerOptions = {}): Promise<AppTokenSigner> {
    const { kty, crv, d, x, k, kid }: AppTokenKey = typeof jwk === "string" ? (JSON.parse(jwk) as AppTokenKey) : jwk;
    if (!kid) throw new TypeError("the key has no kid");
    if (kty === "oct" && k) {
      const key = await crypto.subtle.importKey(
        "jwk", { kty, k }, { name: "HMAC", hash: "SHA-256" }, false, ["sign"],
      );
      return new AppTokenSigner(key, { alg: "HS256", kid }, options);
    }
    if (kty !== "OKP" || crv !== "Ed25519" || !d || !x) {
      throw new TypeError("the key is no private key for Ed25519 and no secret");
    }
    const key = await crypto.subtle.importKey("jwk", { kty, crv, d, x }, "Ed25519", false, ["sign"]);
    return new AppTokenSigner(key, { alg: "Ed25519", kid }, options);
  }

  /** Return a token for an account, which must be logged in. */
  async sign({ account, locale, standing, tokenId }: AppTokenClaims): Promise<string> {
    const issued = Math.floor(Date.now() / 1000);
    const claims = {
      sub: account,
      aud: this.#audience,
      iat: issued,
      exp: issued + this.#lifetime,
      locale,
      standing,
      jti: tokenId,
    };
    const signed = `${this.#header}.${encoded(JSON.stringify(claims))}`;
    const bytes = new TextEncoder().encode(signed);
    const signature = await crypto.subtle.sign(this.#key.algorithm.name, this.#key, bytes);
    return `${signed}.${encoded(new Uint8Array(signature))}`;
  }
}

function encoded(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
