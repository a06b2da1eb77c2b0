// The tour: five steps from a user's message to the answer, each with one button.

import { byId, fill, post } from "./page.js";
import { recall, remember } from "./storage.js";

const KEY = "privacydesk.demo.tour";
const STEPS = ["write", "find", "claim", "decide", "answer"];
const UNDECIDED = "in_review";

/**
 * @typedef {object} Stage what the tour can show
 * @property {(person: string) => void} play
 * @property {(side: "user" | "console") => void} reveal
 * @property {(path: string) => Promise<void>} openConsole
 * @property {() => void} reloadConsole
 * @property {() => void} showChat
 * @property {(text: string) => void} tell
 */

export class Tour {
  /**
   * @param {Record<string, string>} words
   * @param {string} lang
   * @param {{person: string}} config
   * @param {Stage} stage
   */
  constructor(words, lang, config, stage) {
    this.words = words;
    this.lang = lang;
    this.person = config.person;
    this.stage = stage;
    this.busy = false;
    /** @type {{number?: string, found?: boolean, claimed?: boolean, decided?: boolean, answered?: boolean, left?: boolean}} */
    this.progress = read();
    byId("tour-go").addEventListener("click", () => void this.go());
    byId("tour-close").addEventListener("click", () => this.toggle(false));
    byId("tour-open").addEventListener("click", () => this.toggle(byId("tour").hidden));
    this.toggle(!this.progress.left);
  }

  /** @param {boolean} shown */
  toggle(shown) {
    // A finished tour begins anew when it is opened.
    if (shown && this.progress.answered && this.progress.left) this.progress = {};
    this.save({ left: !shown });
    byId("tour").hidden = !shown;
    byId("tour-open").setAttribute("aria-expanded", String(shown));
    this.draw();
  }

  get step() {
    const { number, found, claimed, decided, answered } = this.progress;
    if (!number) return "write";
    if (!found) return "find";
    if (!claimed) return "claim";
    if (!decided) return "decide";
    return answered ? "done" : "answer";
  }

  /** @param {Record<string, any>} change */
  save(change) {
    this.progress = { ...this.progress, ...change };
    remember("localStorage", KEY, JSON.stringify(this.progress));
  }

  /**
   * Steps count as done however they were done: by the button or by hand.
   *
   * @param {any[]} tickets
   */
  follow(tickets) {
    const ticket = tickets.find((one) => one.number === this.progress.number);
    if (!ticket) return;
    const claimed = Boolean(ticket.holder) || this.progress.claimed;
    const decided = ticket.state_code !== UNDECIDED || this.progress.decided;
    if (claimed === this.progress.claimed && decided === this.progress.decided) return;
    this.save({ claimed: claimed || decided, decided, found: this.progress.found || claimed || decided });
    this.draw();
  }

  draw() {
    const { step, words } = this;
    const at = STEPS.indexOf(step);
    for (const [index, item] of [...byId("tour-steps").children].entries()) {
      item.classList.toggle("done", at < 0 || index < at);
      if (index === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    byId("tour-title").textContent = words[`tour.${step}`];
    byId("tour-text").textContent = this.busy
      ? words["tour.busy"]
      : fill(words[`tour.${step}.text`], { number: this.progress.number ?? "" });
    const button = byId("tour-go");
    button.textContent = words[`tour.${step}.go`];
    button.disabled = this.busy;
  }

  async go() {
    const actions = {
      write: () => this.write(),
      find: () => this.find(),
      claim: () => this.act("claim", { claimed: true }),
      decide: () => this.act("decide", { decided: true }),
      answer: async () => this.answer(),
      done: async () => this.toggle(false),
    };
    this.busy = true;
    this.draw();
    try {
      await actions[/** @type {keyof typeof actions} */ (this.step)]();
      this.stage.tell("");
    } catch (error) {
      // A folder that was deleted has no such request any more.
      if (error instanceof Error && error.message === "404") this.progress = {};
      this.stage.tell(this.words["tour.failed"]);
    } finally {
      this.busy = false;
      this.draw();
    }
  }

  async write() {
    this.stage.reveal("user");
    this.stage.play(this.person);
    this.stage.showChat();
    const { number } = await post("tour/write", { lang: this.lang });
    this.save({ number, found: false, claimed: false, decided: false, answered: false });
  }

  async find() {
    this.stage.reveal("console");
    await this.stage.openConsole(`/console/tickets/${this.progress.number}`);
    this.save({ found: true });
  }

  /**
   * @param {"claim" | "decide"} action
   * @param {Record<string, boolean>} change
   */
  async act(action, change) {
    this.stage.reveal("console");
    await post(`tour/${action}`, { number: this.progress.number });
    this.save(change);
    this.stage.reloadConsole();
  }

  answer() {
    this.stage.play(this.person);
    this.stage.reveal("user");
    this.stage.showChat();
    this.save({ answered: true });
  }
}

function read() {
  try {
    return JSON.parse(recall("localStorage", KEY) || "{}");
  } catch {
    return {};
  }
}
