// The case page, live: what is said appears, and so does who speaks, types and looks. Forms work
// without this; with it a reply is sent without leaving the page, and its words stay if refused.

import { taken } from "./keep.js";
import { stream } from "./desk.js";
import { listen } from "./keys.js";
import { choose } from "./modules.js";
import { beside, follow } from "./trail.js";

const TYPING_EVERY = 3000;

const talk = document.getElementById("talk");
const ticket = document.getElementById("ticket");
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
  for (const one of document.querySelectorAll("form.deed")) {
    one.addEventListener("input", () => {
      if (Date.now() - at < TYPING_EVERY) return;
      at = Date.now();
      seen(one === form ? "reply" : "draft");
    });
  }
}

/** What was sent last without an answer: it may have arrived, or not. */
let unsure = "";

async function send(event) {
  event.preventDefault();
  const fault = document.getElementById("reply-fault");
  const words = form.elements.namedItem("text");
  // A changed text is another reply, and must not be taken for a duplicate.
  if (unsure && words.value !== unsure) form.elements.namedItem("job").value += "-again";
  const button = form.querySelector("button[type='submit']");
  button.disabled = true;
  fault.hidden = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) {
      if (answer.status === 401) {
        // Signed out meanwhile: sent as a form, the words are kept over signing in.
        form.removeEventListener("submit", send);
        form.requestSubmit();
        return;
      }
      const problem = await answer.json();
      fault.textContent = problem.title;
      fault.hidden = false;
      return;
    }
    words.value = unsure = "";
    form.elements.namedItem("file").value = "";
    taken(form);
    form.elements.namedItem("job").value = (await answer.json()).job;
    await renew();
  } catch {
    // Whether it arrived is unknown: a retry carries the same job id, and counts once.
    unsure = words.value;
    fault.textContent = fault.dataset.words;
    fault.hidden = false;
  } finally {
    button.disabled = false;
    words.focus();
  }
}

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
  r: () => (form ? form.querySelector("textarea") : document.querySelector("#take button"))?.focus(),
  t: () => document.querySelector("#take button")?.click(),
  m: () => choose(form?.querySelector("textarea") ?? null),
});
log.scrollTop = log.scrollHeight;
document.querySelector("#fault, #draft, #finding")?.focus();
follow();
const renewed = beside();
parts();
files();
seen();
typed();
form?.addEventListener("submit", send);
document.addEventListener("visibilitychange", () => seen());

const me = document.getElementById("console").dataset.agent;
let others = "";
stream.addEventListener("list", (event) => renewed(JSON.parse(event.data)));
stream.addEventListener("case", (event) => {
  const now = JSON.parse(event.data);
  say("typing", now.typing);
  say("read", now.read >= version && now.read > 0);
  // Changes to the ticket don't alter a page that somebody types into: they look when they like.
  if (ticket && now.by_others > Number(ticket.dataset.byOthers)) {
    document.getElementById("changed").hidden = false;
  }
  const there = [now.looking, now.writing].map((names) => names.filter((name) => name !== me));
  if (now.version > version || JSON.stringify(there) !== others) {
    others = JSON.stringify(there);
    renew().catch(() => {});
  }
});
