// Two transports with one interface: a WebSocket, and HTTP with a long poll where sockets fail.

/**
 * @typedef {object} Handlers
 * @property {(frame: any) => void} frame
 * @property {(code: number) => void} closed called once
 */

/** Milliseconds without a frame after which a ping is sent, and with a message unanswered. */
const SILENCE = 40_000;
const UNANSWERED = 5_000;
/** Milliseconds for a ping's answer, and for the opening of a socket; for a request over HTTP. */
const ANSWER = 10_000;
const REQUEST = 20_000;

export class SocketTransport {
  /**
   * @param {string} base address of the page's folder
   * @param {object} hello
   * @param {Handlers} handlers
   */
  constructor(base, hello, handlers) {
    this.handlers = handlers;
    this.over = false;
    this.timer = 0;
    this.pinging = false;
    /** @type {Set<string>} ids of messages that the desk has not answered yet */
    this.unanswered = new Set();
    const address = new URL("v1/socket", base);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address, ["privacydesk.chat.v1"]);
    this.socket.onopen = () => {
      this.send(hello);
      this.after(ANSWER, () => this.close());
    };
    this.socket.onmessage = (message) => this.take(JSON.parse(message.data));
    this.socket.onclose = (event) => this.end(event.code);
    this.after(ANSWER, () => this.close());
  }

  /**
   * @param {number} wait
   * @param {() => void} act
   */
  after(wait, act) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(act, wait);
  }

  /** A browser hides pings from the page, so ping with a frame, and give up without an answer. */
  watch() {
    this.pinging = false;
    this.after(this.unanswered.size ? UNANSWERED : SILENCE, () => {
      this.send({ type: "ping" });
      this.pinging = true;
      this.after(ANSWER, () => this.close());
    });
  }

  /** @param {any} frame */
  take(frame) {
    if (this.over) return;
    const waiting = this.unanswered.size;
    for (const { id } of [frame, ...(frame.acks ?? [])]) this.unanswered.delete(id);
    const answers = frame.type === "pong" || this.unanswered.size < waiting;
    // Other frames do not tell whether what was sent has arrived.
    if (answers || (!this.pinging && !waiting)) this.watch();
    this.handlers.frame(frame);
  }

  /** @param {any} frame */
  send(frame) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    if (frame.id) {
      this.unanswered.add(frame.id);
      if (!this.pinging && this.unanswered.size === 1) this.watch();
    }
    return true;
  }

  /** @param {number} code */
  end(code) {
    if (this.over) return;
    this.over = true;
    window.clearTimeout(this.timer);
    this.handlers.closed(code);
  }

  close() {
    this.socket.close();
    this.end(1006);
  }
}

export class PollTransport {
  /**
   * @param {string} base
   * @param {any} hello
   * @param {Handlers} handlers
   */
  constructor(base, hello, handlers) {
    this.base = base;
    this.hello = hello;
    this.handlers = handlers;
    this.over = false;
    this.stop = new AbortController();
    this.headers = new Headers({ "Content-Type": "application/json" });
    if (hello.token) this.headers.set("Authorization", `Bearer ${hello.token}`);
    if (hello.secret) this.headers.set("Authorization", `Desk ${hello.secret}`);
    if (hello.languages) this.headers.set("Accept-Language", hello.languages);
    this.run();
  }

  async run() {
    try {
      const welcome = await this.ask("v1/session", { body: this.hello });
      if (this.over) return;
      if (welcome.secret) this.headers.set("Authorization", `Desk ${welcome.secret}`);
      this.handlers.frame(welcome);
      let { after, epoch, head } = welcome;
      while (!this.over) {
        const wait = after >= head ? 25 : 0;
        const path = `v1/events?after=${after}&epoch=${epoch}&wait=${wait}`;
        const got = await this.ask(path, { patience: REQUEST + wait * 1000 });
        if (this.over) return;
        if (got.epoch !== epoch) return this.end(4409);
        head = got.head;
        after = got.events.length ? got.events[got.events.length - 1].offset : after;
        this.handlers.frame({ type: "events", ...got });
      }
    } catch (error) {
      if (error?.code) this.handlers.frame({ type: "error", ...error });
      this.end(error?.status === 401 ? 4401 : 1006);
    }
  }

  /**
   * @param {string} path
   * @param {{body?: object, patience?: number}} [options]
   */
  async ask(path, { body, patience = REQUEST } = {}) {
    const timer = window.setTimeout(() => this.end(1006), patience);
    try {
      return await this.request(path, body);
    } finally {
      window.clearTimeout(timer);
    }
  }

  /**
   * @param {string} path
   * @param {object} [body]
   */
  async request(path, body) {
    const answer = await fetch(new URL(path, this.base), {
      method: body ? "POST" : "GET",
      headers: this.headers,
      body: body && JSON.stringify(body),
      signal: this.stop.signal,
      cache: "no-store",
    });
    if (answer.status === 204) return {};
    const content = await answer.json();
    if (!answer.ok) throw { ...content, message: content.title };
    return content;
  }

  /** @param {any} frame */
  send(frame) {
    if (this.over) return false;
    if (frame.type === "renew" || frame.type === "ping") return false;
    this.ask("v1/messages", { body: frame }).then(
      (answer) => frame.id && this.handlers.frame({ type: "ack", ...answer }),
      (error) => {
        if (!frame.id || this.over) return;
        if (error?.code) this.handlers.frame({ type: "error", id: frame.id, ...error });
        else this.end(1006);
      },
    );
    return true;
  }

  /** @param {number} code */
  end(code) {
    if (this.over) return;
    this.over = true;
    this.stop.abort();
    this.handlers.closed(code);
  }

  close() {
    this.end(1006);
  }
}
