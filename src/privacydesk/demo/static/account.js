// The account of the person played, as the sample service holds it; changes are marked.

import { byId, el } from "./page.js";

export class Account {
  /** @param {Record<string, string>} words */
  constructor(words) {
    this.words = words;
    /** @type {Map<string, string> | null} */
    this.before = null;
    /** @type {Set<string>} */
    this.changed = new Set();
  }

  /** @param {any} person */
  show(person) {
    this.before = null;
    this.changed.clear();
    byId("account-hint").textContent = person.account
      ? `${person.account} · ${this.words["account.hint"]}`
      : this.words["account.no_account"];
    byId("account").replaceChildren();
  }

  /** @param {any[]} groups */
  fill(groups) {
    const now = new Map(
      groups.flatMap((group) => group.rows.map((/** @type {any} */ row) => [`${group.name}.${row.name}`, row.value])),
    );
    const { before } = this;
    if (before) {
      for (const [name, value] of now) if (before.get(name) !== value) this.changed.add(name);
      // A row that is gone marks its group as changed.
      for (const name of before.keys()) if (!now.has(name)) this.changed.add(name.split(".")[0]);
    }
    this.before = now;
    byId("account").replaceChildren(...groups.map((group) => this.group(group)));
  }

  /** @param {any} group */
  group(group) {
    const title = el("h3", this.mark(group.name), group.title);
    const rows = group.rows.map((/** @type {any} */ row) =>
      el(
        "div",
        { ...this.mark(`${group.name}.${row.name}`), "data-row": `${group.name}.${row.name}` },
        el("dt", {}, row.label),
        el("dd", {}, row.value),
      ),
    );
    const body = rows.length ? el("dl", {}, ...rows) : el("p", { class: "quiet" }, group.empty);
    return el("section", { class: "group", "data-group": group.name }, title, body);
  }

  /** @param {string} name */
  mark(name) {
    return this.changed.has(name) ? { class: "changed" } : {};
  }
}
