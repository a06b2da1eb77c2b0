// Files for a question that asks for them: uploaded one by one with progress, then submitted.

import { byId, el, size } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{file: File, request: XMLHttpRequest | null, sent: number, id: string, problem: string}} Entry */

const AT_ONCE = 2;

export class Uploads {
  /**
   * @param {Words} words
   * @param {string} base
   * @param {{authorization: () => string, limits: () => any,
   *   handIn: (ids: string[], shown: string) => void}} acts
   */
  constructor(words, base, acts) {
    this.words = words;
    this.base = base;
    this.acts = acts;
    this.asked = false;
    /** @type {Entry[]} */
    this.entries = [];
    this.panel = byId("uploads");
    /** @type {HTMLInputElement} */
    this.input = byId("file");
    this.attach = byId("attach");
    this.attach.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      for (const file of this.input.files ?? []) this.add(file);
      this.input.value = "";
    });
  }

  /** @param {boolean} asked whether the open question takes files */
  ask(asked) {
    if (!asked) {
      for (const entry of this.entries) entry.request?.abort();
      this.entries = [];
    }
    this.asked = asked;
    this.attach.hidden = !asked;
    this.show();
  }

  /** @param {File} file */
  add(file) {
    /** @type {Entry} */
    const entry = { file, request: null, sent: 0, id: "", problem: "" };
    this.entries.push(entry);
    if (file.size > this.acts.limits().upload) {
      entry.problem = this.words.t("upload.hint", { size: size(this.acts.limits().upload) });
    }
    this.next();
    this.show();
  }

  /** Upload pending files, a few at a time: the desk limits uploads per conversation. */
  next() {
    const waiting = this.running().filter((entry) => !entry.request);
    const free = AT_ONCE - (this.running().length - waiting.length);
    for (const entry of waiting.slice(0, Math.max(0, free))) this.start(entry);
  }

  /** @param {Entry} entry */
  start(entry) {
    // fetch() can't report upload progress.
    const request = new XMLHttpRequest();
    entry.request = request;
    request.open("POST", new URL("v1/uploads", this.base));
    request.setRequestHeader("Authorization", this.acts.authorization());
    request.setRequestHeader("Accept-Language", this.words.lang);
    request.setRequestHeader("Content-Type", entry.file.type || "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(entry.file.name));
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      entry.sent = event.loaded / Math.max(1, event.total);
      this.progress(entry);
    };
    request.onload = () => {
      if (request.status === 201) entry.id = request.response.id;
      else entry.problem = request.response?.title ?? this.words.t("upload.failed");
      this.next();
      this.show();
    };
    request.onerror = () => {
      entry.problem = this.words.t("upload.failed");
      this.next();
      this.show();
    };
    request.send(entry.file);
  }

  /** @param {Entry} entry */
  remove(entry) {
    entry.request?.abort();
    this.entries = this.entries.filter((one) => one !== entry);
    this.next();
    this.show();
    this.attach.focus();
  }

  handIn() {
    const done = this.entries.filter((entry) => entry.id);
    this.acts.handIn(
      done.map((entry) => entry.id),
      done.map((entry) => entry.file.name).join("\n"),
    );
    this.entries = [];
    this.show();
  }

  /** @param {Entry} entry */
  progress(entry) {
    const bar = this.panel.querySelectorAll("progress")[this.running().indexOf(entry)];
    if (bar) bar.value = entry.sent;
  }

  running() {
    return this.entries.filter((entry) => !entry.id && !entry.problem);
  }

  show() {
    const { words } = this;
    this.panel.hidden = !this.asked;
    if (!this.asked) return this.panel.replaceChildren();
    const rows = this.entries.map((entry) => this.row(entry));
    const ready = this.entries.some((entry) => entry.id) && !this.running().length;
    this.panel.replaceChildren(
      el("p", { class: "about" }, words.t("upload.hint", { size: size(this.acts.limits().upload) })),
      el("ul", {}, ...rows),
      el(
        "div",
        { class: "acts" },
        el("button", { type: "button", class: "button", onclick: () => this.input.click() }, words.t("upload.pick")),
        ready
          ? el("button", { type: "button", class: "button primary", onclick: () => this.handIn() }, words.t("upload.send"))
          : null,
      ),
    );
  }

  /** @param {Entry} entry */
  row(entry) {
    const { words } = this;
    const name = entry.file.name;
    const busy = !entry.id && !entry.problem;
    const state = entry.problem || (entry.id ? `${words.t("upload.ready")} · ${size(entry.file.size)}` : "");
    return el(
      "li",
      { class: entry.problem ? "failed" : "" },
      el("span", { class: "name" }, el("bdi", {}, name), state ? el("small", { role: "status" }, state) : null),
      el(
        "button",
        {
          type: "button",
          class: "button quiet",
          "aria-label": `${words.t(busy ? "upload.cancel" : "upload.remove")} ${name}`,
          onclick: () => this.remove(entry),
        },
        words.t(busy ? "upload.cancel" : "upload.remove"),
      ),
      busy
        ? el("progress", { max: "1", value: String(entry.sent), "aria-label": name })
        : null,
    );
  }
}
