// The console's half: an agent is signed in by a button; others can be chosen from a list.

import { byId, el, fill, post } from "./page.js";
import { recall, remember } from "./storage.js";

const AGENT = "privacydesk.demo.agent";
const HOME = "/console/inbox?view=open";

export class Console {
  /**
   * @param {Record<string, string>} words
   * @param {string} lang
   * @param {string} agent who is signed in first
   * @param {(text: string, button: HTMLElement) => Promise<void>} copy
   * @param {(text: string) => void} tell
   */
  constructor(words, lang, agent, copy, tell) {
    this.words = words;
    this.lang = lang;
    this.copy = copy;
    this.tell = tell;
    this.agent = recall("sessionStorage", AGENT) || agent;
    /** @type {HTMLIFrameElement} */
    this.frame = byId("console");
    this.opened = false;
  }

  /** Open the console the first time that it is shown. */
  async show() {
    if (this.opened) return;
    this.opened = true;
    await this.signIn(this.agent);
  }

  /**
   * @param {string} agent
   * @param {string} [path] the page to open
   */
  async signIn(agent, path = HOME) {
    this.opened = true;
    this.agent = agent;
    remember("sessionStorage", AGENT, agent);
    this.nameAgent();
    try {
      await post("console", { agent, lang: this.lang });
    } catch {
      this.tell(this.words["staff.by_hand"]);
    }
    this.open(path);
  }

  /** @param {string} path */
  open(path) {
    this.opened = true;
    // A frame that is navigated by its attribute would leave an entry in the history.
    this.frame.contentWindow?.location.replace(path);
  }

  reload() {
    this.frame.contentWindow?.location.reload();
  }

  nameAgent() {
    const shown = this.members?.find((one) => one.name === this.agent);
    if (!shown) return;
    byId("agent-name").textContent = shown.shown;
    byId("agent-role").textContent = shown.role;
    byId("agent-initial").textContent = [...shown.shown][0] ?? "";
    for (const button of document.querySelectorAll("[data-agent]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-agent") === this.agent));
    }
  }

  /**
   * Codes change every half minute; the buttons stay, so that none is lost under a finger or focus.
   *
   * @param {any[]} members
   */
  fill(members) {
    this.members = members;
    for (const member of members) {
      const item = document.getElementById(`staff-${member.name}`) ?? this.addMember(member);
      const button = /** @type {HTMLButtonElement} */ (item.querySelector(".member-code"));
      button.disabled = !member.code;
      if (button.dataset.code === member.code) continue;
      button.dataset.code = member.code;
      button.textContent = member.code || this.words["staff.no_code"];
      button.setAttribute("aria-label", `${fill(this.words["staff.code"], { name: member.shown })} ${member.code}`);
    }
    this.nameAgent();
  }

  /** @param {any} member */
  addMember(member) {
    const choose = el(
      "button",
      { type: "button", class: "person", "data-agent": member.name, "aria-pressed": "false" },
      el("span", { class: "avatar human", "aria-hidden": "true" }, [...member.shown][0] ?? ""),
      el(
        "span",
        { class: "person-text" },
        el("span", { class: "person-name" }, member.shown),
        el("span", { class: "quiet" }, `${member.role} · `, el("code", { lang: "en" }, member.name)),
      ),
    );
    const code = el("button", {
      type: "button",
      class: "button quiet member-code",
      onclick: (/** @type {MouseEvent} */ event) => {
        const button = /** @type {HTMLElement} */ (event.currentTarget);
        void this.copy(button.dataset.code ?? "", button);
      },
    });
    const item = el("li", { class: "member", id: `staff-${member.name}` }, choose, code);
    byId("staff").append(item);
    return item;
  }
}
