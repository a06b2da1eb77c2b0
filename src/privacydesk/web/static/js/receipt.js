// Verifies a receipt: a signed statement on how a request ended (COSE, SCITT), with the proof that
// it is an entry of the desk's log (COSE receipts, the Merkle tree of RFC 9162). What is not exactly
// in the form in which the desk writes receipts is refused.

const SIGN1 = 18;
const ALG = 1;
const CONTENT_TYPE = 3;
const KID = 4;
const CLAIMS = 15;
const RECEIPTS = 394;
const STRUCTURE = 395;
const PROOFS = 396;
const ITEMS = "items";
const TREE_SIZE = "tree-size";
const ES256 = -7;
const RFC9162_SHA256 = 1;
const STATEMENT_TYPE = "application/vnd.privacydesk.outcome+cbor";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const MAX_DEPTH = 8;
const HALF_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n >> 1n;

/** Why a file is not accepted: `none` is no receipt, `key` by none of the keys, else `changed`. */
export class ReceiptError extends Error {
  /** @param {"none" | "key" | "changed"} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * @param {Uint8Array} file
 * @param {Uint8Array} keySet the desk's public keys, as a COSE_KeySet
 * @returns {Promise<any>} what the receipt says
 */
export async function verifyReceipt(file, keySet) {
  const keys = readKeys(keySet);
  const message = readSign1(file, "none");
  const receipts = message.unprotected.get(RECEIPTS);
  const labels = [...message.unprotected.keys()];
  need(labels.every((label) => label === RECEIPTS || label === ITEMS), "none");
  need(isSingle(receipts) && message.payload, "none");
  const header = readHeader(message.protected, CONTENT_TYPE);
  need(header.get(CONTENT_TYPE) === STATEMENT_TYPE, "none");
  const claims = readClaims(header.get(CLAIMS));
  const statement = readStatement(message.payload);
  need(claims.subject === statement.number);
  const key = keys.get(hex(header.get(KID)));
  need(key, "key");
  await checkSignature(key, message.protected, message.payload, message.signature);
  const entry = tagged(bytes(message.protected), map(), bytes(message.payload), bytes(message.signature));
  const leaf = await sha256(Uint8Array.of(0), entry);
  const size = await checkProof(receipts[0], { statement, leaf, header, key, issuer: claims.issuer });
  const items = await readItems(message.unprotected.get(ITEMS), statement);
  return { ...statement, ...claims, key: hex(header.get(KID)), size, items };
}

/** Check that the statement is in the log; return the number of entries that the log had. */
async function checkProof(data, { statement, leaf, header: signed, key, issuer }) {
  const message = readSign1(data);
  const header = readHeader(message.protected, STRUCTURE, TREE_SIZE);
  const proofs = message.unprotected.get(PROOFS);
  need(message.payload === null && message.unprotected.size === 1);
  need(proofs instanceof Map && proofs.size === 1 && isSingle(proofs.get(-1)));
  need(header.get(STRUCTURE) === RFC9162_SHA256);
  const claims = readClaims(header.get(CLAIMS));
  need(claims.issuer === issuer && claims.subject === statement.log);
  need(hex(header.get(KID)) === hex(signed.get(KID)));
  const proof = decode(proofs.get(-1)[0]);
  need(Array.isArray(proof) && proof.length === 3);
  const [size, index, path] = proof;
  need(size === header.get(TREE_SIZE) && index === statement.entry);
  need(Array.isArray(path) && path.every(isHash));
  const root = await rootOf(leaf, index, size, path);
  await checkSignature(key, message.protected, root, message.signature);
  return size;
}

/** The root that a path leads to (RFC 9162, section 2.1.3.2). */
async function rootOf(leaf, index, size, path) {
  need(index < size);
  let [root, node, last] = [leaf, index, size - 1];
  for (const sibling of path) {
    need(last > 0);
    if (node % 2 || node === last) {
      root = await sha256(Uint8Array.of(1), sibling, root);
      while (node % 2 === 0 && node) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      root = await sha256(Uint8Array.of(1), root, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  need(last === 0);
  return root;
}

function readStatement(payload) {
  const fields = decode(payload);
  need(fields instanceof Map);
  const times = ["received", "verified", "answered", "closed"];
  const known = ["number", "kind", "outcome", "log", "entry", "items", ...times];
  need([...fields.keys()].every((name) => known.includes(name)));
  const [number, kind, outcome, log, entry, items] = known.map((name) => fields.get(name));
  need([number, kind, outcome].every((one) => typeof one === "string"));
  need(log instanceof Uint8Array && Number.isInteger(entry) && entry >= 0);
  need(Array.isArray(items) && items.every(isHash));
  need(times.every((name) => !fields.has(name) || TIME.test(fields.get(name))));
  need(fields.has("received") && fields.has("closed"));
  const dates = Object.fromEntries(times.map((name) => [name, fields.get(name)]));
  return { number, kind, outcome, log: hex(log), entry, hashes: items.map(hex), ...dates };
}

/** The items that the hashes of a statement stand for; null if the file is without them. */
async function readItems(disclosures, statement) {
  if (disclosures === undefined) return null;
  need(Array.isArray(disclosures) && disclosures.length > 0);
  need(disclosures.length === statement.hashes.length);
  const items = [];
  for (const [index, disclosure] of disclosures.entries()) {
    need(disclosure instanceof Uint8Array);
    need(hex(await sha256(disclosure)) === statement.hashes[index]);
    items.push(JSON.parse(decode(disclosure)[1]));
  }
  return items;
}

function readHeader(data, ...labels) {
  const header = decode(data);
  const expected = [ALG, KID, CLAIMS, ...labels];
  need(header instanceof Map && header.size === expected.length);
  need(expected.every((label) => header.has(label)));
  need(header.get(ALG) === ES256 && header.get(KID) instanceof Uint8Array);
  return header;
}

function readClaims(claims) {
  need(claims instanceof Map && claims.size === 3);
  const [issuer, subject, at] = [1, 2, 6].map((label) => claims.get(label));
  need(typeof issuer === "string" && typeof subject === "string" && Number.isInteger(at));
  return { issuer, subject, signed: at };
}

function readSign1(data, reason = "changed") {
  let message;
  try {
    message = decode(data);
  } catch {
    throw new ReceiptError(reason);
  }
  need(message instanceof Tagged && Array.isArray(message.value) && message.value.length === 4, reason);
  const [header, unprotected, payload, signature] = message.value;
  need(header instanceof Uint8Array && unprotected instanceof Map, reason);
  need(payload === null || payload instanceof Uint8Array, reason);
  need(signature instanceof Uint8Array, reason);
  return { protected: header, unprotected, payload, signature };
}

function readKeys(keySet) {
  const keys = new Map();
  for (const record of decode(keySet)) keys.set(hex(record.get(2)), join(Uint8Array.of(4), record.get(-2), record.get(-3)));
  return keys;
}

async function checkSignature(point, header, payload, signature) {
  need(signature.length === 64 && BigInt(`0x${hex(signature.slice(32))}`) <= HALF_ORDER);
  const signed = join(head(4, 4), text("Signature1"), bytes(header), bytes(new Uint8Array()), bytes(payload));
  const key = await crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  need(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed));
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
}

function need(condition, reason = "changed") {
  if (!condition) throw new ReceiptError(reason);
}

function isSingle(value) {
  return Array.isArray(value) && value.length === 1 && value[0] instanceof Uint8Array;
}

function isHash(value) {
  return value instanceof Uint8Array && value.length === 32;
}

function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function join(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

// -- CBOR, in its deterministic encoding only (RFC 8949, section 4.2) ---------------------------

class Tagged {
  constructor(value) {
    this.value = value;
  }
}

function decode(data) {
  const reader = new Reader(data);
  const value = reader.value(0);
  need(reader.at === data.length);
  return value;
}

class Reader {
  constructor(data) {
    this.data = data;
    this.at = 0;
  }

  value(depth) {
    need(depth <= MAX_DEPTH);
    const first = this.take(1)[0];
    const [major, size] = [first >> 5, first & 31];
    if (major === 7) {
      need(size === 22);
      return null;
    }
    const count = this.count(size);
    if (major === 0) return count;
    if (major === 1) return -1 - count;
    if (major === 2) return this.take(count);
    if (major === 3) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(count));
    need(count <= this.data.length);
    if (major === 4) return Array.from({ length: count }, () => this.value(depth + 1));
    if (major === 5) return this.map(count, depth);
    need(count === SIGN1);
    return new Tagged(this.value(depth + 1));
  }

  map(count, depth) {
    const found = new Map();
    let before = "";
    for (let index = 0; index < count; index += 1) {
      const start = this.at;
      const key = this.value(depth + 1);
      need(typeof key === "number" || typeof key === "string");
      const encoded = hex(this.data.slice(start, this.at));
      need(before < encoded);
      before = encoded;
      found.set(key, this.value(depth + 1));
    }
    return found;
  }

  count(size) {
    if (size < 24) return size;
    need(size <= 27);
    const width = 1 << (size - 24);
    const count = this.take(width).reduce((sum, byte) => sum * 256 + byte, 0);
    need(Number.isSafeInteger(count) && count >= (width === 1 ? 24 : 256 ** (width / 2)));
    return count;
  }

  take(count) {
    need(this.at + count <= this.data.length);
    this.at += count;
    return this.data.slice(this.at - count, this.at);
  }
}

function head(major, count) {
  if (count < 24) return Uint8Array.of((major << 5) | count);
  const width = count < 256 ? 1 : count < 65536 ? 2 : 4;
  const code = (major << 5) | (24 + Math.log2(width));
  return Uint8Array.from([code, ...Array.from({ length: width }, (_, index) => Math.floor(count / 256 ** (width - 1 - index)) % 256)]);
}

function bytes(data) {
  return join(head(2, data.length), data);
}

function text(value) {
  const data = new TextEncoder().encode(value);
  return join(head(3, data.length), data);
}

function map() {
  return head(5, 0);
}

function tagged(...parts) {
  return join(head(6, SIGN1), head(4, parts.length), ...parts);
}
