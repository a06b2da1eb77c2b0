// The two halves of the page: which are shown, the divider between them, and the user's tabs.

import { byId } from "./page.js";
import { recall, remember } from "./storage.js";

const VIEW = "privacydesk.demo.view";
const SPLIT = "privacydesk.demo.split";
const LEAST = 24;
const MOST = 70;
const STEP = 2;
const VIEWS = ["user", "both", "console"];

export class Panes {
  /** @param {() => void} consoleShown called whenever the console comes into view */
  constructor(consoleShown) {
    this.consoleShown = consoleShown;
    this.wide = window.matchMedia("(width >= 80rem)");
    this.panes = byId("panes");
    this.divider = byId("divider");
    const asked = new URLSearchParams(location.search).get("view") ?? "";
    const view = VIEWS.includes(asked) ? asked : recall("sessionStorage", VIEW);
    this.view = VIEWS.includes(view) ? view : "both";
    this.percent = Number(recall("localStorage", SPLIT)) || Number(this.divider.getAttribute("aria-valuenow"));
  }

  /** Show what was remembered; called once the rest of the page is ready. */
  start() {
    for (const button of document.querySelectorAll("button[data-view]")) {
      button.addEventListener("click", () => this.choose(button.getAttribute("data-view") ?? ""));
    }
    this.wide.addEventListener("change", () => this.apply());
    this.listenToDivider();
    this.listenToTabs();
    this.split(this.percent);
    this.apply();
  }

  /** @param {string} view */
  choose(view) {
    this.view = view;
    remember("sessionStorage", VIEW, view);
    this.apply();
  }

  /**
   * Bring one side into view; both stay where there is room for both.
   *
   * @param {"user" | "console"} side
   */
  reveal(side) {
    if (this.shown !== "both" && this.shown !== side) this.choose(this.wide.matches ? "both" : side);
  }

  /** The view that fits the window. */
  get shown() {
    return this.view === "both" && !this.wide.matches ? "user" : this.view;
  }

  apply() {
    const { shown } = this;
    this.panes.dataset.shown = shown;
    for (const button of document.querySelectorAll("button[data-view]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-view") === shown));
    }
    if (shown !== "user") this.consoleShown();
  }

  /** @param {number} percent of the width that the user's side takes */
  split(percent) {
    this.percent = Math.min(MOST, Math.max(LEAST, percent));
    this.panes.style.setProperty("--split", `${this.percent}%`);
    this.divider.setAttribute("aria-valuenow", String(Math.round(this.percent)));
    remember("localStorage", SPLIT, String(this.percent));
  }

  listenToDivider() {
    const { divider, panes } = this;
    /** @type {Record<string, () => number>} */
    const keys = {
      ArrowLeft: () => this.percent - STEP,
      ArrowRight: () => this.percent + STEP,
      Home: () => LEAST,
      End: () => MOST,
    };
    divider.setAttribute("aria-valuemin", String(LEAST));
    divider.setAttribute("aria-valuemax", String(MOST));
    divider.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const moved = keys[event.key];
      if (!moved) return;
      event.preventDefault();
      this.split(moved());
    });
    divider.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      event.preventDefault();
      divider.focus();
      divider.setPointerCapture(event.pointerId);
      // The frames would swallow the pointer.
      panes.classList.add("dragging");
    });
    divider.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!panes.classList.contains("dragging")) return;
      const { left, width } = panes.getBoundingClientRect();
      this.split(((event.clientX - left) / width) * 100);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      divider.addEventListener(name, () => panes.classList.remove("dragging"));
    }
  }

  listenToTabs() {
    const tabs = [...document.querySelectorAll("[role=tab]")];
    for (const [index, tab] of tabs.entries()) {
      tab.addEventListener("click", () => selectTab(tab.id));
      tab.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[/** @type {KeyboardEvent} */ (event).key];
        if (!by) return;
        const next = tabs[(index + by + tabs.length) % tabs.length];
        selectTab(next.id);
        /** @type {HTMLElement} */ (next).focus();
      });
    }
  }
}

/** @param {string} id */
export function selectTab(id) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const selected = tab.id === id;
    tab.setAttribute("aria-selected", String(selected));
    tab.setAttribute("tabindex", selected ? "0" : "-1");
    byId(tab.getAttribute("aria-controls") ?? "").hidden = !selected;
  }
}

export function selectedTab() {
  return document.querySelector("[role=tab][aria-selected=true]")?.id ?? "";
}
