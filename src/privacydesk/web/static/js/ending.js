// Ending the talk with a person, by a button in the header that asks once.

import { byId } from "./dom.js";

export class Ending {
  /**
   * @param {import("./words.js").Words} words
   * @param {() => void} end
   */
  constructor(words, end) {
    this.words = words;
    this.button = byId("end");
    /** @type {HTMLDialogElement} */
    this.dialog = byId("end-ask");
    this.button.addEventListener("click", () => this.dialog.showModal());
    byId("end-no").addEventListener("click", () => this.dialog.close());
    byId("end-yes").addEventListener("click", () => {
      this.dialog.close();
      end();
    });
  }

  /** @param {string} agent the name of the person who is there; empty for nobody */
  offer(agent) {
    this.button.hidden = !agent;
    byId("end-title").textContent = this.words.t("end.ask", { name: agent });
    if (!agent && this.dialog.open) this.dialog.close();
  }
}
