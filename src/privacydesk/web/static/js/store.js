// What the page keeps between visits: a copy of the log, unsent messages, the draft. It belongs to
// one identity; another identity never sees it. Without storage it lasts as long as the page.

/**
 * @typedef {object} Unsent
 * @property {string} id
 * @property {"send" | "choose" | "hand_in" | "upload"} type
 * @property {string} shown what the bubble says while it waits
 * @property {string} [text]
 * @property {string} [choice]
 * @property {string[]} [choices] several made at once
 * @property {Record<string, string | string[]>} [values] of a card of questions
 * @property {number} [offset] of the question that it answers, or that was shown when written
 * @property {string[]} [uploads]
 * @property {boolean} [done] these uploads are all
 * @property {"waiting" | "sending" | "failed"} state
 * @property {string} [problem]
 * @property {number} [tries] how often the desk failed to process it
 */

const KEY = "privacydesk.chat.1";
const TOKEN = "privacydesk.token";
const FRAMED = window.parent !== window;
const LEFT = "privacydesk.chat.left";
const MOST = 1_000_000;

/** @returns {any} what any window has stored; empty if storage is off or broken */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/**
 * @param {any} there
 * @returns {Unsent[]}
 */
function unsentOf(there) {
  return Array.isArray(there.unsent) ? there.unsent : [];
}

/** @returns {BroadcastChannel | null} to the browser's other windows; null if it has none */
function openChannel() {
  try {
    return new BroadcastChannel(LEFT);
  } catch {
    return null;
  }
}

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
    /** The last offset that was seen; what follows is unread. */
    this.seen = 0;
    this.timer = 0;
    /** Ids of messages that this window has or had, to recognise those of other windows. */
    this.known = new Set();
    /** The draft as this window last kept it. */
    this.keptDraft = "";
    /** Called when the identity of this window was left in another one. */
    this.leftElsewhere = () => {};
    this.channel = openChannel();
    this.channel?.addEventListener("message", ({ data }) => {
      if (this.identity && data === this.identity) this.leftElsewhere();
    });
    this.load();
  }

  get offset() {
    return this.events.length;
  }

  /** Whether there is a conversation here, or unsent text. */
  get isSomebodys() {
    return Boolean(this.identity || this.secret || this.draft || this.unsent.length);
  }

  /** Whether another window has left the identity of this one, or has another. */
  get isLeft() {
    return Boolean(this.identity) && kept().identity !== this.identity;
  }

  /** Tell the other windows that this one's identity is left. */
  tellLeft() {
    if (this.identity) this.channel?.postMessage(this.identity);
  }

  load() {
    const there = kept();
    this.identity = String(there.identity ?? "");
    this.secret = String(there.secret ?? "");
    this.epoch = String(there.epoch ?? "");
    this.events = Array.isArray(there.events) ? there.events : [];
    this.unsent = unsentOf(there).map((one) => ({
      ...one,
      state: one.state === "failed" ? "failed" : "waiting",
    }));
    this.draft = this.keptDraft = String(there.draft ?? "");
    this.seen = Number(there.seen) || 0;
    this.knowOwn();
  }

  /** Save the state a little later, so that a burst is written once. */
  save() {
    if (this.timer) return;
    this.timer = window.setTimeout(() => this.flush(), 150);
  }

  flush() {
    window.clearTimeout(this.timer);
    this.timer = 0;
    // Who has left keeps nothing, and takes nothing from who came in another window.
    if (!this.isSomebodys && !this.keptDraft) return;
    const { identity, secret, epoch, seen } = this;
    try {
      const rest = { identity, secret, epoch, seen, ...this.withOthers() };
      const whole = JSON.stringify({ ...rest, events: this.events });
      // The log can be fetched again, the rest can't: a log too large is not kept.
      localStorage.setItem(KEY, whole.length < MOST ? whole : JSON.stringify(rest));
      this.keptDraft = this.draft;
    } catch {
      // Full or forbidden; the page goes on without.
    }
  }

  /**
   * The state merged with other windows': the unsent messages of all, and the latest draft. A
   * message that two windows send arrives once, by its id.
   */
  withOthers() {
    const { unsent, draft } = this;
    this.knowOwn();
    const there = kept();
    if (there.identity !== this.identity || there.secret !== this.secret) return { unsent, draft };
    const theirs = unsentOf(there).filter((one) => !this.known.has(one.id));
    return {
      unsent: [...theirs, ...unsent],
      draft: draft === this.keptDraft ? String(there.draft ?? "") : draft,
    };
  }

  knowOwn() {
    for (const one of this.unsent) this.known.add(one.id);
  }

  /** Drop the copy of the log, because it differs from the server's. */
  dropLog() {
    this.events = [];
    this.save();
  }

  /** Forget everything of the previous user; what another window keeps of the next one stays. */
  wipe() {
    const own = (kept().identity ?? this.identity) === this.identity;
    Object.assign(this, {
      identity: "",
      secret: "",
      epoch: "",
      events: [],
      unsent: [],
      draft: "",
      keptDraft: "",
      seen: 0,
    });
    window.clearTimeout(this.timer);
    this.timer = 0;
    try {
      if (own) localStorage.removeItem(KEY);
    } catch {
      // Nothing was kept.
    }
  }

  /**
   * The token lives as long as the tab, so that a reload still knows who is here. In a frame the
   * page around it says so each time: who was here before may have logged out there.
   */
  get token() {
    try {
      return FRAMED ? "" : (sessionStorage.getItem(TOKEN) ?? "");
    } catch {
      return "";
    }
  }

  set token(token) {
    try {
      if (token && !FRAMED) sessionStorage.setItem(TOKEN, token);
      else sessionStorage.removeItem(TOKEN);
    } catch {
      // It stays in memory with the client.
    }
  }
}
