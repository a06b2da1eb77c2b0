// What the page keeps between visits: a copy of the log, unsent messages, the draft. It belongs to
// one identity; another identity never sees it. Without storage it lasts as long as the page.

/**
 * @typedef {object} Unsent
 * @property {string} id
 * @property {"send" | "choose" | "upload"} type
 * @property {string} shown what the bubble says while it waits
 * @property {string} [text]
 * @property {string} [choice]
 * @property {number} [offset]
 * @property {string[]} [uploads]
 * @property {"waiting" | "sending" | "failed"} state
 * @property {string} [problem]
 */

const KEY = "privacydesk.chat.1";
const TOKEN = "privacydesk.token";
const MOST = 1_000_000;

export class Store {
  constructor() {
    /** Whose copy this is: `account:…` or `secret`. */
    this.identity = "";
    this.secret = "";
    this.epoch = "";
    /** @type {any[]} */
    this.events = [];
    /** @type {Unsent[]} */
    this.unsent = [];
    this.draft = "";
    this.timer = 0;
    this.load();
  }

  get offset() {
    return this.events.length;
  }

  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      this.identity = String(kept.identity ?? "");
      this.secret = String(kept.secret ?? "");
      this.epoch = String(kept.epoch ?? "");
      this.events = Array.isArray(kept.events) ? kept.events : [];
      this.unsent = (Array.isArray(kept.unsent) ? kept.unsent : []).map((one) => ({
        ...one,
        state: one.state === "failed" ? "failed" : "waiting",
      }));
      this.draft = String(kept.draft ?? "");
    } catch {
      // Storage is off or its content is broken: start from the server's log.
    }
  }

  /** Keep what there is, a little later, so that a burst is written once. */
  save() {
    if (this.timer) return;
    this.timer = window.setTimeout(() => this.flush(), 150);
  }

  flush() {
    window.clearTimeout(this.timer);
    this.timer = 0;
    const { identity, secret, epoch, unsent, draft } = this;
    const rest = { identity, secret, epoch, unsent, draft };
    try {
      const whole = JSON.stringify({ ...rest, events: this.events });
      // The log can be fetched again, the rest can't: a log too large is not kept.
      localStorage.setItem(KEY, whole.length < MOST ? whole : JSON.stringify(rest));
    } catch {
      // Full or forbidden; the page goes on without.
    }
  }

  /** Drop the copy of the log, because the server's is another one. */
  dropLog() {
    this.events = [];
    this.save();
  }

  /** Forget everything of whoever was here. */
  wipe() {
    Object.assign(this, {
      identity: "",
      secret: "",
      epoch: "",
      events: [],
      unsent: [],
      draft: "",
    });
    window.clearTimeout(this.timer);
    this.timer = 0;
    try {
      localStorage.removeItem(KEY);
    } catch {
      // Nothing was kept.
    }
  }

  /** The token lives as long as the tab, so that a reload still knows who is here. */
  get token() {
    try {
      return sessionStorage.getItem(TOKEN) ?? "";
    } catch {
      return "";
    }
  }

  set token(token) {
    try {
      if (token) sessionStorage.setItem(TOKEN, token);
      else sessionStorage.removeItem(TOKEN);
    } catch {
      // It stays in memory with the client.
    }
  }
}
