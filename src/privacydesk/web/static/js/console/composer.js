// The composer below a conversation: a reply that can be undone for some seconds before it leaves
// the page, a note for colleagues, pictures that are pasted or dropped, and the key that sends.

import { setUnsure, taken, unsure } from "./keep.js";
import { choose } from "./modules.js";

/** How long a reply can be undone, in milliseconds. */
const UNDO_TIME = 5000;
/** What a page that is being left may still send; a larger picture is sent without delay. */
const MOST_ON_LEAVING = 48 * 1024;

const place = document.getElementById("composer");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("reply"));
const note = /** @type {HTMLFormElement | null} */ (document.getElementById("note"));
const words = /** @type {HTMLTextAreaElement | undefined} */ (form?.elements.namedItem("text"));
const file = /** @type {HTMLInputElement | null} */ (document.getElementById("reply-file"));

/** @typedef {{body: FormData, words: string, files: FileList, timer: number, small: boolean}} Pending */

/** The reply that can still be undone. @type {Pending | null} */
let pending = null;
let jobs = 0;
let sent = async () => {};

// -- which form -----------------------------------------------------------------------------------

/** Shows the form for a reply or the one for a note. @param {string} mode @param {boolean} focus */
function show(mode, focus) {
  place.dataset.mode = mode;
  for (const button of place.querySelectorAll("button[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }
  if (focus) document.getElementById(mode)?.querySelector("textarea")?.focus();
}

/** Goes to the field for a reply or a note, if there is one. @param {"reply" | "note"} mode */
export function write(mode) {
  if (document.getElementById(mode)) show(mode, true);
  else document.querySelector("#take button")?.focus();
}

/** Opens the saved replies for the reply. */
export function chooseModule() {
  if (!form) return;
  show("reply", false);
  choose(words);
}

// -- a picture ------------------------------------------------------------------------------------

function showFile() {
  const row = document.getElementById("attached");
  const [chosen] = file.files;
  URL.revokeObjectURL(row.querySelector("img")?.src ?? "");
  row.querySelector("img")?.remove();
  row.hidden = !chosen;
  if (!chosen) return;
  const image = document.createElement("img");
  image.alt = "";
  image.src = URL.createObjectURL(chosen);
  row.prepend(image);
  row.querySelector("bdi").textContent = chosen.name;
}

/** @param {DataTransfer | null} from what was pasted or dropped */
function attach(from) {
  const image = [...(from?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (!image) return false;
  const taken = new DataTransfer();
  taken.items.add(image);
  file.files = taken.files;
  show("reply", false);
  showFile();
  return true;
}

function takePictures() {
  const talk = document.getElementById("talk");
  file.addEventListener("change", showFile);
  document.querySelector("#attached button").addEventListener("click", () => {
    file.value = "";
    showFile();
    words.focus();
  });
  words.addEventListener("paste", (event) => {
    if (attach(event.clipboardData)) event.preventDefault();
  });
  talk.addEventListener("dragover", (event) => event.preventDefault());
  talk.addEventListener("drop", (event) => {
    event.preventDefault();
    attach(event.dataTransfer);
  });
}

// -- sending --------------------------------------------------------------------------------------

/** Sends a reply, also while the page is being left. @param {Pending} reply */
function send(reply) {
  // Until an answer comes, a retry of the same words carries the same job, and counts once.
  setUnsure(form, { words: reply.words, job: String(reply.body.get("job")) });
  return fetch(form.action, {
    method: "POST",
    body: reply.body,
    headers: { Accept: "application/json" },
    keepalive: reply.small,
  });
}

/** Puts a reply that was not sent back into its field. @param {Pending} reply */
function restore(reply) {
  words.value = [reply.words, words.value].filter((one) => one.trim()).join("\n\n");
  if (!file.files.length) file.files = reply.files;
  showFile();
  show("reply", true);
  words.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {HTMLFormElement} of @param {string} text */
function fault(of, text) {
  const shown = document.getElementById(`${of.id}-fault`);
  shown.textContent = text;
  shown.hidden = !text;
}

/** Sends what waits, now. */
async function flush() {
  if (!pending) return;
  const reply = pending;
  pending = null;
  window.clearTimeout(reply.timer);
  document.getElementById("pending").hidden = true;
  let answer;
  let problem;
  try {
    answer = await send(reply);
    problem = answer.ok || answer.status === 401 ? null : await answer.json();
  } catch {
    restore(reply);
    fault(form, document.getElementById("reply-fault").dataset.words);
    return;
  }
  setUnsure(form, undefined);
  if (answer.status === 401) {
    // Signed out meanwhile: sent as a form, the words are kept over signing in.
    restore(reply);
    form.elements.namedItem("job").value = reply.body.get("job");
    form.removeEventListener("submit", submit);
    form.requestSubmit();
  } else if (problem) {
    restore(reply);
    fault(form, problem.title);
  } else {
    if (!words.value) taken(form);
    sent().catch(() => {});
  }
}

/** Has a reply wait until it can't be undone any more. @param {SubmitEvent} event */
function submit(event) {
  event.preventDefault();
  if (!words.value.trim()) return;
  flush();
  fault(form, "");
  const body = new FormData(form);
  jobs += 1;
  const before = unsure(form);
  body.set("job", words.value === before?.words ? before.job : `${body.get("job")}-${jobs}`);
  const small = (file.files[0]?.size ?? 0) <= MOST_ON_LEAVING;
  const timer = window.setTimeout(flush, UNDO_TIME);
  pending = { body, words: words.value, files: file.files, timer, small };
  const bar = document.getElementById("pending");
  bar.querySelector(".pending-words").textContent = words.value;
  bar.hidden = false;
  words.value = file.value = "";
  showFile();
  words.focus();
  if (!small) flush();
}

function undo() {
  if (!pending) return;
  const reply = pending;
  pending = null;
  window.clearTimeout(reply.timer);
  document.getElementById("pending").hidden = true;
  restore(reply);
}

/** Sends what waits although the page is being left. */
function leave() {
  if (!pending) return;
  send(pending).catch(() => {});
  pending = null;
}

/** Empties the field of a reply that was sent while its page was left, as soon as it is in the log. */
export function forgetSent() {
  const before = form && unsure(form);
  if (!before) return;
  const own = [...document.querySelectorAll("#said .agent .said-text")].slice(-3);
  if (!own.some((one) => one.textContent === before.words.trim())) return;
  setUnsure(form, undefined);
  fault(form, "");
  if (words.value !== before.words) return;
  words.value = "";
  taken(form);
  document.getElementById("kept").hidden = true;
}

/** Adds a note without leaving the page. @param {SubmitEvent} event */
async function addNote(event) {
  event.preventDefault();
  const field = note.elements.namedItem("text");
  const button = note.querySelector("button[type='submit']");
  button.disabled = true;
  fault(note, "");
  document.getElementById("note-told").hidden = true;
  try {
    const answer = await fetch(note.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(note)),
      headers: { Accept: "application/json" },
    });
    if (answer.status === 401) {
      note.removeEventListener("submit", addNote);
      note.requestSubmit();
      return;
    }
    const told = await answer.json();
    if (!answer.ok) {
      fault(note, told.title);
      return;
    }
    field.value = "";
    taken(note);
    note.elements.namedItem("job").value = told.job;
    const saved = document.getElementById("note-told");
    saved.textContent = saved.dataset.words;
    saved.hidden = false;
    sent().catch(() => {});
  } catch {
    fault(note, document.getElementById("note-fault").dataset.words);
  } finally {
    button.disabled = false;
    field.focus();
  }
}

// -- the key that sends ---------------------------------------------------------------------------

function useKey() {
  const select = /** @type {HTMLSelectElement} */ (document.getElementById("send-key"));
  const name = `desk-send-key:${place.dataset.agent}`;
  select.value = localStorage.getItem(name) ?? "ctrl";
  select.addEventListener("change", () => localStorage.setItem(name, select.value));
  place.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.isComposing || !(field instanceof HTMLTextAreaElement)) return;
    const held = event.ctrlKey || event.metaKey;
    if (!held && (select.value !== "enter" || event.shiftKey)) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
}

/**
 * Sets the composer up.
 * @param {() => Promise<void>} renew shows what the agent has just sent
 */
export function compose(renew) {
  sent = renew;
  if (!place) return;
  useKey();
  for (const button of place.querySelectorAll("button[data-mode]")) {
    button.addEventListener("click", () => show(button.dataset.mode, true));
  }
  note?.addEventListener("submit", addNote);
  if (!form) return;
  takePictures();
  forgetSent();
  form.addEventListener("submit", submit);
  document.getElementById("undo").addEventListener("click", undo);
  document.getElementById("send-now").addEventListener("click", () => {
    words.focus();
    flush();
  });
  document.getElementById("modules-open")?.addEventListener("click", chooseModule);
  window.addEventListener("pagehide", leave);
}

/** Takes over what a newer page says of who speaks. @param {Document} page */
export function update(page) {
  const newer = page.getElementById("reply");
  if (!form || !newer) return;
  for (const name of ["owner_seen", "form_token"]) {
    form.elements.namedItem(name).value = newer.elements.namedItem(name).value;
  }
  if (!newer.elements.namedItem("take")) form.elements.namedItem("take")?.remove();
  const button = newer.querySelector("button[type='submit']");
  form.querySelector("button[type='submit']").textContent = button.textContent;
}
