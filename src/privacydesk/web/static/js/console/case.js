// The case page, live: what is said appears, and so does who speaks, types and looks, and what
// happened to the request. Forms work without this.

import { chooseModule, compose, forgetSent, update, write } from "./composer.js";
import { stream } from "./desk.js";
import { sendInPlace } from "./fragments.js";
import { touched } from "./keep.js";
import { listen } from "./keys.js";
import { mark, turnTo } from "./tabs.js";
import { beside, follow } from "./trail.js";
import { quick } from "./verdict.js";
import { view } from "./viewer.js";

const TYPING_EVERY = 3000;

const talk = document.getElementById("talk");
const log = document.getElementById("log");
/** What was said; a translation takes its place. */
const said = () => document.getElementById("said");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("reply"));
const token = document.querySelector("input[name='form_token']");

let version = Number(talk.dataset.version);

/** Whether the newest words are in sight, so that newer ones may move them. */
function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

/** @param {string} where @param {Record<string, string>} values */
function post(where, values) {
  const body = new URLSearchParams({ form_token: token?.value ?? "", ...values });
  return fetch(where, { method: "POST", body, headers: { Accept: "application/json" } });
}

/**
 * Returns a task that runs once at a time, with a pause after it: what is asked for meanwhile runs
 * once more, however often it was asked for.
 * @param {() => Promise<void>} task @param {number} pause in milliseconds
 */
function paced(task, pause) {
  /** @type {Promise<void> | null} */
  let running = null;
  let again = false;
  async function run() {
    do {
      again = false;
      await task();
      if (again) await new Promise((done) => window.setTimeout(done, pause));
    } while (again);
  }
  return () => {
    if (running) again = true;
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
}

/** Waits for the next frame, so that a page changes once a frame at most. */
function frame() {
  return document.hidden ? null : new Promise((done) => window.requestAnimationFrame(done));
}

const renew = paced(async () => {
  const day = [...said().querySelectorAll(".day-line")].at(-1)?.dataset.day ?? "";
  const answer = await fetch(`${talk.dataset.talk}/talk?after=${version}&day=${day}`, {
    headers: { Accept: "application/json" },
  });
  if (!answer.ok) return;
  const fresh = await answer.json();
  await frame();
  const follow = atEnd();
  // Written by the server, which escapes whatever people wrote.
  if (fresh.version > version) {
    said().insertAdjacentHTML("beforeend", fresh.events);
    mark();
  }
  // Only the last day can be today.
  for (const earlier of [...said().querySelectorAll(".day-line")].slice(0, -1)) earlier.querySelector("b")?.remove();
  version = fresh.version;
  forgetSent();
  const status = document.getElementById("status");
  if (status.innerHTML !== fresh.status) status.innerHTML = fresh.status;
  if (follow) log.scrollTop = log.scrollHeight;
  seen();
}, 250);

/** Whether somebody is at work in the rail, so that it may not change under their hands. */
function atWork() {
  const rail = document.getElementById("ticket");
  return (
    rail.contains(document.activeElement?.closest("form") ?? null) ||
    document.querySelector("#draft, #finding, #fault, .fault, dialog[open]") !== null ||
    [...rail.querySelectorAll("form")].some(touched)
  );
}

/** Whether the rail shows less than there is, since somebody was at work in it. */
let outdated = false;
/** How many entries the log of the request has, as far as is known. */
let entries = 0;

/** Shows the request as it is now as soon as nobody is at work there. */
function catchUp() {
  if (outdated && !atWork()) renewRail().catch(() => {});
}

/** Shows the request as it is now, unless somebody is at work there: then they look when they like. */
const renewRail = paced(async () => {
  const rail = document.getElementById("ticket");
  const answer = await fetch(rail ? `${location.pathname}/now` : location.pathname, {
    headers: { Accept: "text/html" },
  });
  if (!answer.ok || answer.redirected) return;
  await frame();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  update(page);
  for (const id of ["which", "talk-head", "ticket"]) {
    const newer = page.getElementById(id);
    const shown = document.getElementById(id);
    if (!newer || !shown || (id === "ticket" && atWork())) continue;
    const places = "a, button, summary, input, select, textarea";
    const focused = [...shown.querySelectorAll(places)].indexOf(document.activeElement);
    const open = new Set([...shown.querySelectorAll("details[id][open]")].map((one) => one.id));
    const scrolled = shown.scrollTop;
    // What the account held when the agent looked stays until they look again or leave.
    const looked = shown.querySelector("[data-shown]");
    shown.replaceWith(newer);
    if (looked) document.getElementById(looked.id)?.replaceWith(looked);
    if (id === "ticket") document.getElementById("changed").hidden = true;
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    newer.scrollTop = scrolled;
    if (focused >= 0) newer.querySelectorAll(places)[focused]?.focus({ preventScroll: true });
  }
  outdated = Number(document.getElementById("ticket")?.dataset.entries) < entries;
  parts();
}, 2000);

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
      const decided = item.querySelector("select").value;
      item.querySelector(".item-part").hidden = decided !== "part";
      item.querySelector(".item-why").hidden = decided !== "refuse" && decided !== "part";
    }
  };
  verdict.addEventListener("change", show);
  show();
}

/** Goes to the composer, which a narrow page may not show. @param {"reply" | "note"} mode */
function writeIn(mode) {
  turnTo("talk");
  write(mode);
}

listen({
  j: () => document.querySelector("#next:not([hidden])")?.click(),
  k: () => document.querySelector("#previous:not([hidden])")?.click(),
  r: () => writeIn("reply"),
  n: () => writeIn("note"),
  t: () => document.querySelector("#take button")?.click(),
  m: () => {
    turnTo("talk");
    chooseModule();
  },
});
log.scrollTop = log.scrollHeight;
// The composer grows and shrinks below: the newest words stay in sight.
let height = log.clientHeight;
new ResizeObserver(() => {
  const follows = log.scrollHeight - log.scrollTop - height < 80;
  height = log.clientHeight;
  if (follows) log.scrollTop = log.scrollHeight;
}).observe(log);
follow();
const renewed = beside();
parts();
// The fields of a verdict can be focused once they are shown.
const wrong = document.querySelector("#verdict [aria-invalid]");
(wrong?.querySelector("input") ?? wrong ?? document.querySelector("#fault, #draft, #finding"))?.focus();
view();
quick();
seen();
typed();
compose(renewAll);
sendInPlace();
document.addEventListener("visibilitychange", () => seen());

document.addEventListener("focusout", () => window.setTimeout(catchUp));
document.getElementById("viewer").addEventListener("close", () => window.setTimeout(catchUp));
const me = document.getElementById("console").dataset.agent;
let others = "";
stream.addEventListener("list", (event) => renewed(JSON.parse(event.data)));
stream.addEventListener("case", (event) => {
  const now = JSON.parse(event.data);
  say("typing", now.typing);
  say("read", now.read >= version && now.read > 0);
  const shown = document.getElementById("ticket")?.dataset;
  entries = now.entries;
  if (shown && now.entries !== Number(shown.entries)) {
    outdated = true;
    catchUp();
    if (atWork() && now.by_others > Number(shown.byOthers)) document.getElementById("changed").hidden = false;
  }
  const there = [now.looking, now.writing].map((names) => names.filter((name) => name !== me));
  if (now.version > version || JSON.stringify(there) !== others) {
    others = JSON.stringify(there);
    renew().catch(() => {});
  }
});
