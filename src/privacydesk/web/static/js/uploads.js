// Pictures and PDFs for a question that asks for them, or for a person who is there: taken, chosen,
// dropped or pasted; shown as tiles, of which pictures can be turned; uploaded one by one with
// progress, then submitted.

import { byId, el, size } from "./dom.js";
import { icon } from "./icons.js";
import { draw, smallCopy, turned } from "./pictures.js";

/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} Entry
 * @property {File} file
 * @property {XMLHttpRequest | null} request
 * @property {number} sent the part that arrived
 * @property {string} id of the upload, once it has arrived
 * @property {number} pages of a PDF; a picture has one
 * @property {string} problem
 * @property {boolean} refused whether the same file would be refused again
 * @property {HTMLCanvasElement | null} picture a small copy; null if the browser can't show it
 * @property {number} turns quarter turns to the right
 * @property {number} timer
 */

const AT_ONCE = 2;
/** Milliseconds after the last turn until the turned picture is uploaded. */
const SETTLED = 700;

export class Uploads {
  /**
   * @param {Words} words
   * @param {string} base
   * @param {{authorization: () => string, limits: () => any,
   *   handIn: (ids: string[], done: boolean, shown: string, copies: Map<string, HTMLCanvasElement>) => void}} acts
   */
  constructor(words, base, acts) {
    this.words = words;
    this.base = base;
    this.acts = acts;
    /** Whether the open question takes files. */
    this.asked = false;
    /** Whether files may be picked: for the question, or for a person who is there or waited for. */
    this.allowed = false;
    /** Whether the open question takes words, too. */
    this.withWords = false;
    /** Whether what was picked is sent as soon as it is uploaded. */
    this.eager = false;
    /** @type {Entry[]} */
    this.entries = [];
    this.panel = byId("uploads");
    /** @type {HTMLInputElement} */
    this.input = byId("file");
    this.attach = byId("attach");
    this.attach.addEventListener("click", () => this.input.click());
    /** @type {HTMLInputElement} */
    this.camera = byId("camera");
    for (const input of [this.input, this.camera]) {
      input.addEventListener("change", () => {
        this.addAll(input.files);
        input.value = "";
      });
    }
    const page = byId("chat");
    page.addEventListener("dragover", (event) => this.hover(event, true));
    page.addEventListener("dragleave", (event) => event.relatedTarget === null && this.hover(event, false));
    page.addEventListener("drop", (event) => {
      this.hover(event, false);
      this.addAll(event.dataTransfer?.files);
    });
    document.addEventListener("paste", (event) => {
      const files = event.clipboardData?.files;
      if (!this.allowed || !files?.length) return;
      event.preventDefault();
      this.addAll(files);
    });
  }

  /**
   * Show that files may be dropped here; without that the browser would leave the page for one.
   *
   * @param {DragEvent} event
   * @param {boolean} on
   */
  hover(event, on) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    byId("chat").classList.toggle("dropping", on && this.allowed);
  }

  /** @param {Iterable<File> | null | undefined} files */
  addAll(files) {
    if (this.allowed) for (const file of files ?? []) this.add(file);
  }

  /**
   * @param {boolean} asked whether the open question takes files
   * @param {boolean} person whether a person is there, or waited for, who may be sent some at any time
   * @param {boolean} [withWords] whether the open question takes words with them
   */
  allow(asked, person, withWords = false) {
    const allowed = asked || person;
    if (asked === this.asked && allowed === this.allowed && withWords === this.withWords) return;
    // What was picked and not sent stays, and is uploaded anew once files are taken again.
    if (!allowed) for (const entry of this.entries) this.stop(entry);
    Object.assign(this, { asked, allowed, withWords, eager: false });
    // A question that takes files has buttons of its own for them.
    this.attach.hidden = !person;
    this.next();
    this.show();
  }

  /** Drop what was picked. */
  clear() {
    for (const entry of this.entries) this.stop(entry);
    this.entries = [];
    this.show();
  }

  /** @param {File} file */
  add(file) {
    /** @type {Entry} */
    const entry = {
      file, request: null, sent: 0, id: "", pages: 1, problem: "", refused: false, picture: null, turns: 0, timer: 0,
    };
    this.entries.push(entry);
    smallCopy(file).then((picture) => {
      entry.picture = picture;
      this.show();
    });
    if (file.size > this.acts.limits().upload) {
      entry.refused = true;
      entry.problem = this.words.t("upload.hint", { size: size(this.acts.limits().upload) });
    }
    this.next();
    this.show();
  }

  /** Upload pending files, a few at a time: the desk limits uploads per conversation. */
  next() {
    if (!this.allowed) return;
    if (this.eager && !this.running().length) {
      // An answer goes as a whole; a person is sent what there is.
      const whole = !this.asked || this.entries.every((entry) => entry.id);
      this.eager = false;
      if (whole && this.entries.some((entry) => entry.id)) this.handIn();
      return;
    }
    const waiting = this.running().filter((entry) => !entry.request && !entry.timer);
    const free = AT_ONCE - this.running().filter((entry) => entry.request).length;
    for (const entry of waiting.slice(0, Math.max(0, free))) this.start(entry);
  }

  /** @param {Entry} entry */
  async start(entry) {
    // fetch() can't report upload progress.
    const request = new XMLHttpRequest();
    entry.request = request;
    request.open("POST", new URL("v1/uploads", this.base));
    request.setRequestHeader("Authorization", this.acts.authorization());
    request.setRequestHeader("Accept-Language", this.words.lang);
    const body = entry.turns ? await turned(entry.file, entry.turns) : entry.file;
    if (entry.request !== request) return;
    request.setRequestHeader("Content-Type", body.type || "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(entry.file.name));
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      entry.sent = event.loaded / Math.max(1, event.total);
      this.progress(entry);
    };
    request.onload = () => {
      if (request.status === 201) Object.assign(entry, { id: request.response.id, pages: request.response.pages });
      else this.failed(entry, request);
      this.next();
      this.show();
    };
    request.onerror = () => {
      this.failed(entry, request);
      this.next();
      this.show();
    };
    request.send(body);
  }

  /**
   * @param {Entry} entry
   * @param {XMLHttpRequest} request
   */
  failed(entry, request) {
    entry.problem = request.response?.title ?? this.words.t("upload.failed");
    entry.refused = request.status === 413 || request.status === 415;
  }

  /** @param {Entry} entry */
  stop(entry) {
    window.clearTimeout(entry.timer);
    entry.timer = 0;
    entry.request?.abort();
    Object.assign(entry, { request: null, sent: 0, id: "", problem: "" });
  }

  /** @param {Entry} entry */
  retry(entry) {
    this.stop(entry);
    this.next();
    this.show();
  }

  /** @param {Entry} entry */
  turn(entry) {
    this.stop(entry);
    entry.turns = (entry.turns + 1) % 4;
    // A picture that is turned twice is uploaded once.
    entry.timer = window.setTimeout(() => {
      entry.timer = 0;
      this.next();
    }, SETTLED);
    this.show();
    this.focus(entry, "turn");
  }

  /**
   * @param {Entry} entry
   * @param {string} act
   */
  focus(entry, act) {
    const tile = this.panel.querySelectorAll("li")[this.entries.indexOf(entry)];
    tile?.querySelector(`[data-act="${act}"]`)?.focus();
  }

  /** @param {Entry} entry */
  remove(entry) {
    this.stop(entry);
    this.entries = this.entries.filter((one) => one !== entry);
    this.eager = false;
    this.next();
    this.show();
    (this.panel.querySelector(".acts button") ?? this.attach).focus();
  }

  /**
   * Send what was picked, at once or as soon as it is uploaded.
   *
   * @param {boolean} alone whether no words are written
   * @returns {"" | "files" | "all"} what is sent: no files, files alone, or the words with them
   */
  send(alone) {
    const failed = this.entries.filter((entry) => entry.problem).length;
    if (this.asked ? !(this.withWords || alone) || !this.entries.length : failed === this.entries.length) return "";
    const sends = this.asked ? "all" : "files";
    // What failed is removed or tried again before an answer goes.
    if (this.asked && failed) this.panel.querySelector(".failed button")?.focus();
    else this.eager = true;
    this.next();
    return sends;
  }

  handIn() {
    const done = this.entries.filter((entry) => entry.id);
    this.acts.handIn(
      done.map((entry) => entry.id),
      // All that was meant to be handed in is.
      done.length === this.entries.length,
      done.map((entry) => entry.file.name).join("\n"),
      new Map(done.filter((entry) => entry.picture).map((entry) => [entry.id, draw(entry.picture, entry.turns)])),
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
    const shown = this.asked || this.entries.length > 0;
    this.panel.hidden = !shown;
    if (!shown) return this.panel.replaceChildren();
    const ready = this.entries.some((entry) => entry.id) && !this.running().length;
    const pick = (key, name, input, shown = "") =>
      el("button", { type: "button", class: `button ${shown}`, onclick: () => input.click() }, icon(name), words.t(key));
    if (!this.allowed) return this.panel.replaceChildren(...this.unsent());
    this.panel.replaceChildren(
      el(
        "p",
        { class: "about" },
        words.t("upload.hint", { size: size(this.acts.limits().upload) }),
        el("span", { class: "for-mouse" }, ` ${words.t("upload.drag")}`),
        this.asked ? null : ` ${words.t("upload.for_person")}`,
      ),
      el("ul", {}, ...this.entries.map((entry) => this.tile(entry))),
      // A person is sent pictures with the button that sends words, and so is an answer in both.
      this.asked
        ? el(
            "div",
            { class: "acts" },
            pick("upload.camera", "camera", this.camera, "for-touch"),
            pick("upload.pick", "picture", this.input),
            ready && !this.withWords
              ? el("button", { type: "button", class: "button primary", onclick: () => this.handIn() }, words.t("upload.send"))
              : null,
          )
        : "",
    );
  }

  /** @returns {HTMLElement[]} what was not sent before files were no longer taken */
  unsent() {
    const { words } = this;
    const names = words.list(this.entries.map((entry) => entry.file.name));
    const drop = el("button", { type: "button", class: "button", onclick: () => this.clear() }, words.t("upload.drop"));
    return [
      el("p", { class: "about", role: "status" }, words.t("upload.unsent", { names })),
      el("ul", {}, ...this.entries.map((entry) => this.tile(entry))),
      el("div", { class: "acts" }, drop),
    ];
  }

  /** @param {Entry} entry */
  tile(entry) {
    const { words } = this;
    const name = entry.file.name;
    const busy = this.allowed && !entry.id && !entry.problem;
    const pages = entry.pages > 1 ? ` · ${words.t("upload.pages", { count: entry.pages })}` : "";
    const state = entry.problem || (entry.id ? `${words.t("upload.ready")} · ${size(entry.file.size)}${pages}` : "");
    const act = (key, symbol, run, label = key) =>
      el(
        "button",
        {
          type: "button",
          class: "button quiet",
          "data-act": key,
          "aria-label": `${words.t(`upload.${label}`)} ${name}`,
          title: words.t(`upload.${label}`),
          onclick: run,
        },
        icon(symbol),
      );
    return el(
      "li",
      { class: entry.problem ? "failed" : "" },
      this.preview(entry),
      el("span", { class: "name" }, el("bdi", {}, name), state ? el("small", { role: "status" }, state) : null),
      busy ? el("progress", { max: "1", value: String(entry.sent), "aria-label": name }) : null,
      el(
        "div",
        { class: "tools" },
        entry.problem && !entry.refused
          ? el("button", { type: "button", class: "button quiet", "data-act": "retry", onclick: () => this.retry(entry) }, words.t("upload.retry"))
          : null,
        this.allowed && entry.picture && !entry.refused ? act("turn", "rotate", () => this.turn(entry)) : null,
        act("remove", "close", () => this.remove(entry), busy ? "cancel" : "remove"),
      ),
    );
  }

  /** @param {Entry} entry */
  preview(entry) {
    if (!entry.picture) return el("span", { class: "preview" }, icon("file"));
    const canvas = draw(entry.picture, entry.turns);
    canvas.className = "preview";
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  }
}
