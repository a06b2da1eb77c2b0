// The case page, live: what is said appears, and so does who speaks, types and looks, and what
// happened to the request. Forms work without this.

import { chooseModule, compose, update, write } from "./composer.js";
import { stream } from "./desk.js";
import { touched } from "./keep.js";
import { listen } from "./keys.js";
import { beside, follow } from "./trail.js";

const TYPING_EVERY = 3000;

const talk = document.getElementById("talk");
const log = document.getElementById("log");
const said = document.getElementById("said");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("reply"));
const token = document.querySelector("input[name='form_token']");

let version = Number(talk.dataset.version);
let fetching = false;

/** Whether the newest words are in sight, so that newer ones may move them. */
function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

/** @param {string} where @param {Record<string, string>} values */
function post(where, values) {
  const body = new URLSearchParams({ form_token: token?.value ?? "", ...values });
  return fetch(where, { method: "POST", body, headers: { Accept: "application/json" } });
}

async function renew() {
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch(`${talk.dataset.talk}/talk?after=${version}`, {
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) return;
    const fresh = await answer.json();
    const follow = atEnd();
    // Written by the server, which escapes whatever people wrote.
    if (fresh.version > version) said.insertAdjacentHTML("beforeend", fresh.events);
    version = fresh.version;
    document.getElementById("status").innerHTML = fresh.status;
    if (follow) log.scrollTop = log.scrollHeight;
    seen();
  } finally {
    fetching = false;
  }
}

/** Whether somebody is at work in the rail, so that it may not change under their hands. */
function atWork() {
  const rail = document.getElementById("ticket");
  return (
    rail.contains(document.activeElement?.closest("form") ?? null) ||
    document.querySelector("#draft, #finding, #fault, dialog[open]") !== null ||
    [...rail.querySelectorAll("form")].some(touched)
  );
}

/** Shows the request as it is now, unless somebody is at work there: then they look when they like. */
async function renewRail() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  update(page);
  for (const id of ["talk-head", "ticket"]) {
    const newer = page.getElementById(id);
    const shown = document.getElementById(id);
    if (!newer || !shown || (id === "ticket" && atWork())) continue;
    const places = "a, button, summary, input, select, textarea";
    const focused = [...shown.querySelectorAll(places)].indexOf(document.activeElement);
    const open = new Set([...shown.querySelectorAll("details[id][open]")].map((one) => one.id));
    const scrolled = shown.scrollTop;
    shown.replaceWith(newer);
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    newer.scrollTop = scrolled;
    if (focused >= 0) newer.querySelectorAll(places)[focused]?.focus({ preventScroll: true });
  }
  parts();
}

/** Shows what the agent has just done. */
async function renewAll() {
  await renew();
  await renewRail();
}

/** @param {string} id @param {boolean} on */
function say(id, on) {
  const place = document.getElementById(id);
  const words = on ? place.dataset.words : "";
  if (place.textContent !== words) place.textContent = words;
}

/** @param {"" | "reply" | "draft"} typing what is being written, if anything */
function seen(typing = "") {
  if ((!form && !typing) || document.visibilityState !== "visible") return;
  post(`${talk.dataset.talk}/presence`, { read: String(version), typing }).catch(() => {});
}

/** Tells colleagues that the agent is typing here; the user is told only of a reply. */
function typed() {
  let at = 0;
  document.addEventListener("input", (event) => {
    const one = event.target.form;
    if (!one?.classList.contains("deed") || Date.now() - at < TYPING_EVERY) return;
    at = Date.now();
    seen(one.id === "reply" ? "reply" : "draft");
  });
}

/** Shows of a verdict's fields those that the chosen one needs. */
function parts() {
  const verdict = document.getElementById("verdict");
  if (!verdict) return;
  const show = () => {
    const chosen = verdict.querySelector("input[name='verdict']:checked")?.value ?? "";
    for (const part of verdict.querySelectorAll("[data-part]")) {
      part.hidden = !part.dataset.part.split(" ").includes(chosen);
    }
    for (const item of verdict.querySelectorAll(".item-verdict")) {
      item.querySelector(".item-why").hidden = item.querySelector("select").value !== "refuse";
    }
  };
  verdict.addEventListener("change", show);
  show();
}

function files() {
  const viewer = /** @type {HTMLDialogElement} */ (document.getElementById("viewer"));
  const image = /** @type {HTMLImageElement} */ (document.getElementById("viewer-image"));
  // Listened for on the page, since later messages bring links of their own.
  document.addEventListener("click", async (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-file]") : null;
    if (!link) return;
    event.preventDefault();
    const answer = await fetch(link.href, { headers: { Accept: "image/*" } });
    if (!answer.ok) {
      location.href = link.href;
      return;
    }
    image.src = URL.createObjectURL(await answer.blob());
    image.alt = link.closest("li").querySelector("bdi").textContent;
    viewer.showModal();
  });
  viewer.addEventListener("close", () => {
    URL.revokeObjectURL(image.src);
    image.removeAttribute("src");
  });
}

listen({
  j: () => document.querySelector("#next:not([hidden])")?.click(),
  k: () => document.querySelector("#previous:not([hidden])")?.click(),
  r: () => write("reply"),
  n: () => write("note"),
  t: () => document.querySelector("#take button")?.click(),
  m: chooseModule,
});
log.scrollTop = log.scrollHeight;
// The composer grows and shrinks below: the newest words stay in sight.
let height = log.clientHeight;
new ResizeObserver(() => {
  const follows = log.scrollHeight - log.scrollTop - height < 80;
  height = log.clientHeight;
  if (follows) log.scrollTop = log.scrollHeight;
}).observe(log);
document.querySelector("#fault, #draft, #finding")?.focus();
follow();
const renewed = beside();
parts();
files();
seen();
typed();
compose(renewAll);
document.addEventListener("visibilitychange", () => seen());

const me = document.getElementById("console").dataset.agent;
let others = "";
stream.addEventListener("list", (event) => renewed(JSON.parse(event.data)));
stream.addEventListener("case", (event) => {
  const now = JSON.parse(event.data);
  say("typing", now.typing);
  say("read", now.read >= version && now.read > 0);
  const shown = document.getElementById("ticket")?.dataset;
  if (shown && now.entries !== Number(shown.entries)) {
    if (!atWork()) renewRail().catch(() => {});
    else if (now.by_others > Number(shown.byOthers)) document.getElementById("changed").hidden = false;
  }
  const there = [now.looking, now.writing].map((names) => names.filter((name) => name !== me));
  if (now.version > version || JSON.stringify(there) !== others) {
    others = JSON.stringify(there);
    renew().catch(() => {});
  }
});
