// The conversation as the page knows it: connects, resumes, keeps unsent messages and resends them.

import { newId } from "./dom.js";
import { PollTransport, SocketTransport } from "./transports.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Unsent} Unsent */
/** @typedef {"connecting" | "online" | "reconnecting" | "offline" | "session" | "crowded" | "busy" | "challenge" | "left"} State */

/**
 * @typedef {object} Face what the client tells the page
 * @property {(state: State, polling: boolean) => void} state
 * @property {() => void} cleared the log was replaced, or its person left; show it from the start
 * @property {(events: any[]) => void} events
 * @property {(view: any) => void} view
 * @property {() => void} unsent
 * @property {() => void} typing
 * @property {(message: string) => void} problem
 * @property {() => void} ready everything that was missing has been shown
 * @property {() => void} tokenNeeded
 * @property {(demand: {site_key: string}) => void} challenged a challenge must be solved first
 */

const NOBODY = { owner: "assistant", agent: "", queue_place: 0, prompt: 0, requests: [] };
const SLOWEST = 20_000;
const RETRY_SOCKET = 60_000;
const MANY_WINDOWS = 4429;
/** Codes of the desk's own faults: the message may be retried, and may fail again. */
const FAULTS = ["failed", "internal"];
/** How often the page retries by itself before leaving it to the person. */
const TRIES = 6;
/** Reasons why the desk refuses connections for now, and the page's state meanwhile. */
const TURNED_AWAY = { many_windows: "crowded", many_new_chats: "busy", challenge_required: "challenge" };

/** @returns {string} the languages that a link or the browser names, the preferred one first */
function languages() {
  const asked = new URLSearchParams(location.search).get("lang")?.slice(0, 35);
  return [asked, ...navigator.languages].filter(Boolean).join(",");
}

export class Client {
  /**
   * @param {string} base
   * @param {Store} store
   * @param {Face} face
   */
  constructor(base, store, face) {
    this.base = base;
    this.store = store;
    this.face = face;
    this.token = store.token;
    /** @type {State} */
    this.state = "connecting";
    this.view = { ...NOBODY };
    this.limits = { text: 10_000, upload: 10 * 1024 * 1024 };
    this.head = 0;
    this.failures = 0;
    this.socketFailures = 0;
    this.welcomed = false;
    /** @type {any} the error with which the desk refused the connection */
    this.refusal = null;
    /** token for a solved challenge; valid once */
    this.solved = "";
    this.demanded = false;
    this.polling = false;
    this.timer = 0;
    /** @type {(() => void) | null} called if the host sets a token while a link's is checked */
    this.handed = null;
    /** @type {SocketTransport | PollTransport | null} */
    this.transport = null;
    store.leftElsewhere = () => this.goneElsewhere();
    // A page out of the browser's cache has missed what happened meanwhile.
    window.addEventListener("pageshow", (event) => event.persisted && store.isLeft && this.goneElsewhere());
    window.addEventListener("online", () => this.connect());
    window.addEventListener("offline", () => this.transport?.close());
  }

  /** The credentials of HTTP requests besides the transport (uploads). */
  get authorization() {
    return this.token ? `Bearer ${this.token}` : `Desk ${this.store.secret}`;
  }

  connect() {
    window.clearTimeout(this.timer);
    if (this.handed || this.state === "left" || (this.transport && !this.transport.over)) return;
    if (!navigator.onLine) return this.become("offline");
    this.welcomed = false;
    const { epoch, offset, secret } = this.store;
    const hello = { type: "hello", epoch, offset, languages: languages() };
    if (this.token) Object.assign(hello, { token: this.token });
    else if (secret) Object.assign(hello, { secret });
    else if (this.solved) Object.assign(hello, { challenge: this.solved });
    this.solved = "";
    this.polling = this.socketFailures >= 2;
    const Way = this.polling ? PollTransport : SocketTransport;
    try {
      const transport = new Way(this.base, hello, {
        frame: (frame) => transport === this.transport && this.take(frame),
        closed: (code) => transport === this.transport && this.closed(code),
      });
      this.transport = transport;
    } catch {
      this.socketFailures += 1;
      this.closed(1006);
    }
  }

  /** @param {State} state */
  become(state) {
    this.state = state;
    this.face.state(state, this.polling);
  }

  /** @param {any} frame */
  take(frame) {
    switch (frame.type) {
      case "welcome":
        return this.welcome(frame);
      case "events":
        return this.events(frame);
      case "ack":
        return this.acknowledged([frame]);
      case "view":
        return this.look(frame.view);
      case "typing":
        return this.face.typing();
      case "error":
        return this.refused(frame);
      case "expired":
        return this.needToken();
      case "renewed":
        this.become("online");
        return this.resend();
    }
  }

  /** @param {any} welcome */
  welcome(welcome) {
    this.welcomed = true;
    this.failures = 0;
    if (!this.polling) this.socketFailures = 0;
    else window.setTimeout(() => (this.socketFailures = 0), RETRY_SOCKET);
    if (welcome.after !== this.store.offset || welcome.epoch !== this.store.epoch) {
      this.store.dropLog();
      this.face.cleared();
    }
    Object.assign(this.store, { epoch: welcome.epoch });
    if (!this.token) this.store.identity = "secret";
    if (welcome.secret) this.store.secret = welcome.secret;
    this.store.save();
    this.limits = welcome.limits;
    this.head = welcome.head;
    this.become("online");
    this.look(welcome.view);
    if (this.store.offset >= this.head) this.face.ready();
    this.resend();
  }

  /** @param {any} frame */
  events(frame) {
    const fresh = frame.events.filter((one) => one.offset > this.store.offset);
    // Events may follow their view; the page shows both at once.
    if (frame.view) this.look(frame.view, fresh.length > 0);
    if (fresh.length) {
      this.store.events.push(...fresh);
      this.store.save();
      this.face.events(fresh);
    }
    this.acknowledged(frame.acks ?? []);
    if (this.store.offset >= this.head) this.face.ready();
  }

  /** @param {{id: string}[]} acks */
  acknowledged(acks) {
    const ids = new Set(acks.map((ack) => ack.id));
    if (!this.store.unsent.some((one) => ids.has(one.id))) return;
    this.store.unsent = this.store.unsent.filter((one) => !ids.has(one.id));
    this.store.save();
    this.face.unsent();
  }

  /**
   * @param {any} view
   * @param {boolean} [more] whether events follow that will show it
   */
  look(view, more = false) {
    // Requests are left out while they have not changed.
    this.view = { ...view, requests: view.requests ?? this.view.requests };
    if (!more) this.face.view(this.view);
  }

  /** @param {any} error */
  refused(error) {
    if (error.reason in TURNED_AWAY) {
      this.refusal = error;
      return;
    }
    const message = this.store.unsent.find((one) => one.id === error.id);
    if (error.code === "token_expired" || (!this.welcomed && error.code === "unauthenticated")) {
      if (message) message.state = "waiting";
      return;
    }
    if (!message) return this.face.problem(error.message);
    if (error.kept && !FAULTS.includes(error.code)) {
      message.state = "waiting";
      const wait = Math.max(1, error.retry_after ?? 2) * 1000;
      window.setTimeout(() => this.resend(), wait + Math.random() * 500);
      this.face.problem(error.message);
    } else if (error.code === "stale" && message.type !== "send") {
      // The question is gone, so is the answer to it.
      this.store.unsent = this.store.unsent.filter((one) => one !== message);
      this.face.problem(error.message);
    } else {
      Object.assign(message, { state: "failed", problem: error.message });
      if (error.kept) this.tryLater(message);
    }
    this.store.save();
    this.face.unsent();
    this.face.view(this.view);
  }

  /** @param {number} code */
  closed(code) {
    this.transport = null;
    for (const one of this.store.unsent) if (one.state === "sending") one.state = "waiting";
    this.face.unsent();
    if (code === 4401 || code === 4403) {
      if (this.token) return this.needToken();
      this.store.wipe();
      this.face.cleared();
    }
    if (this.turnedAway(code)) return;
    if (!this.welcomed && !this.polling && navigator.onLine) this.socketFailures += 1;
    this.failures += 1;
    if (!navigator.onLine) return this.become("offline");
    this.become(this.failures > 1 || this.store.offset ? "reconnecting" : "connecting");
    const slow = code === 1008 ? SLOWEST : Math.min(SLOWEST, 300 * 2 ** Math.min(this.failures, 8));
    const wait = code === 4409 ? 0 : slow * (0.5 + Math.random() / 2);
    this.timer = window.setTimeout(() => this.connect(), wait);
  }

  /**
   * If reconnecting at once would not help, say why and wait: for the person to close a window,
   * or for as long as the desk says.
   *
   * @param {number} code
   */
  turnedAway(code) {
    const { refusal } = this;
    this.refusal = null;
    if (!refusal && code !== MANY_WINDOWS) return false;
    const state = TURNED_AWAY[refusal?.reason ?? "many_windows"];
    this.become(state);
    if (state === "challenge" && !this.demanded) {
      this.demanded = true;
      this.face.challenged(refusal.challenge);
    }
    if (state !== "crowded") {
      const wait = Math.max(1, refusal.retry_after ?? 1) * 1000 * (1 + Math.random());
      this.timer = window.setTimeout(() => this.connect(), wait);
    }
    return true;
  }

  /**
   * Take the token for a solved challenge, and reconnect with it.
   *
   * @param {string} token
   */
  setChallenge(token) {
    this.solved = token;
    this.demanded = false;
    if (this.state === "challenge") this.connect();
  }

  needToken() {
    this.become("session");
    this.face.tokenNeeded();
  }

  /**
   * Take a token from the host. Another account's empties everything first.
   *
   * @param {string} token
   */
  setToken(token) {
    this.handed?.();
    this.handed = null;
    const identity = identityOf(token);
    if (this.store.identity !== identity) {
      this.leave();
      this.store.identity = identity;
    }
    if (this.state === "left") this.become("connecting");
    this.token = this.store.token = token;
    this.store.save();
    const open = this.transport && !this.transport.over;
    if (open && this.transport?.send({ type: "renew", token })) return;
    if (open) this.drop();
    this.failures = 0;
    this.connect();
  }

  /**
   * Take a token from a link. Anybody may have made the link, and could read what is written
   * here: so if this browser already has another identity, the person has to confirm. A token
   * that the desk rejects is discarded without asking, and changes nothing.
   * Nothing else begins meanwhile, unless the host hands a token over.
   *
   * @param {string} token
   * @param {() => Promise<boolean>} wanted asks the person
   * @returns {Promise<boolean>} whether that settled it; else go on as without the link
   */
  async setLinked(token, wanted) {
    if (!this.store.isSomebodys || this.store.identity === identityOf(token)) {
      this.setToken(token);
      return true;
    }
    const handed = new Promise((done) => (this.handed = () => done("handed")));
    const outcome = await Promise.race([handed, this.weigh(token, wanted)]);
    this.handed = null;
    if (outcome === "wanted") this.setToken(token);
    if (outcome === "refused") this.needToken();
    return outcome !== "unwanted";
  }

  /**
   * @param {string} token
   * @param {() => Promise<boolean>} wanted
   * @returns {Promise<"refused" | "wanted" | "unwanted">}
   */
  async weigh(token, wanted) {
    if (!(await this.letsIn(token))) return "refused";
    return (await wanted()) ? "wanted" : "unwanted";
  }

  /**
   * @param {string} token
   * @returns {Promise<boolean>}
   */
  async letsIn(token) {
    for (let wait = 500; this.handed; wait = Math.min(SLOWEST, 2 * wait)) {
      try {
        const answer = await fetch(new URL("v1/session", this.base), {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ token }),
        });
        if (answer.ok || answer.status === 401 || answer.status === 403) return answer.ok;
      } catch {
        // Unreachable now.
      }
      if (this.handed) this.become("reconnecting");
      await new Promise((done) => window.setTimeout(done, wait));
    }
    return false;
  }

  /** Log out: nothing of the previous user stays. */
  logout() {
    this.leave();
    this.become("left");
  }

  /** Forget the person here, and in the browser's other windows. */
  leave() {
    this.store.tellLeft();
    this.forget();
  }

  /** The person was logged out in another window, or replaced there: they have left here, too. */
  goneElsewhere() {
    this.forget();
    this.become("left");
    this.face.tokenNeeded();
  }

  /** Nothing of a person stays in the page, whether or not the desk can be reached. */
  forget() {
    this.drop();
    this.forgetToken();
    this.store.wipe();
    this.view = { ...NOBODY };
    this.face.cleared();
    this.face.view(this.view);
    this.face.unsent();
  }

  forgetToken() {
    this.token = this.store.token = "";
  }

  drop() {
    window.clearTimeout(this.timer);
    const transport = this.transport;
    this.transport = null;
    transport?.close();
  }

  /**
   * @param {Omit<Unsent, "id" | "state">} message
   */
  submit(message) {
    this.store.unsent.push({ id: newId(), state: "waiting", ...message });
    this.store.save();
    this.resend();
    this.face.unsent();
  }

  /** Send unsent messages, in order; the desk recognises ids it has seen. */
  resend() {
    if (this.state !== "online") return;
    for (const one of this.store.unsent) {
      if (one.state !== "waiting") continue;
      const { id, type, text, choice, choices, values, offset, uploads, done } = one;
      const frame = { type, id, text, choice, choices, values, offset, uploads, done };
      if (!this.transport?.send(frame)) break;
      one.state = "sending";
    }
    this.face.unsent();
  }

  /**
   * Resend a message after a fault of the desk's, with backoff; meanwhile the person may.
   *
   * @param {Unsent} message
   */
  tryLater(message) {
    message.tries = (message.tries ?? 0) + 1;
    if (message.tries > TRIES) return;
    const wait = 1000 * 2 ** message.tries * (0.75 + Math.random() / 2);
    window.setTimeout(() => {
      if (message.state === "failed" && this.store.unsent.includes(message)) this.retry(message.id);
    }, wait);
  }

  /** @param {string} id */
  retry(id) {
    const message = this.store.unsent.find((one) => one.id === id);
    if (message) Object.assign(message, { state: "waiting", problem: "" });
    this.resend();
    this.face.unsent();
  }

  /** @param {string} id */
  discard(id) {
    this.store.unsent = this.store.unsent.filter((one) => one.id !== id);
    this.store.save();
    this.face.unsent();
    this.face.view(this.view);
  }

  /** @param {object} frame typing and read marks: dropped if they can't be sent now */
  tell(frame) {
    if (this.state === "online") this.transport?.send(frame);
  }
}

/** @param {string} token */
function identityOf(token) {
  return `account:${subject(token)}`;
}

/**
 * Whose token it is; only to notice a change, the desk alone decides whether it is good.
 *
 * @param {string} token
 */
export function subject(token) {
  try {
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    return String(JSON.parse(new TextDecoder().decode(bytes)).sub ?? "");
  } catch {
    return "";
  }
}
