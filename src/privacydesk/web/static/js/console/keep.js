/* Keeps what was typed until the desk has taken it.
 *
 * A form with data-keep="name" leaves its fields in this tab's sessionStorage while somebody writes:
 * over signing in again, an error, a look at another page, a desk that does not answer. They go when
 * the form was taken, on signing out, and when somebody else signs in. Passwords, codes and files are
 * never kept. Where the form is not on its page any more, the words are shown to be copied.
 *
 * Whether a form was accepted shows from the page that follows. One that holds (signing in, an
 * error) or shows the form again has not accepted it, and neither has one that the browser went
 * back to; any other has. A form with data-carries resends what the form before it was sent with.
 */

import { forget } from "./trail.js";

const STORE = "desk-kept";
const SKIPPED = new Set(["password", "file", "hidden", "submit", "button"]);

/** @typedef {{agent: string, drafts: Record<string, Field[]>, sent: string, held?: string, unsure?: Record<string, Unsure>}} Kept */
/** @typedef {[string, string, boolean | null, boolean]} Field name, value, whether it is ticked, whether it was written */
/** @typedef {{words: string, job: string}} Unsure what was sent, and as which job */

const page = document.getElementById("console");
const holds = "hold" in page.dataset;

/** @returns {Kept} */
function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORE));
    if (kept) return kept;
  } catch {
    // Nothing was kept, or by another version.
  }
  return { agent: page.dataset.agent, drafts: {}, sent: "" };
}

/** @param {Kept} kept */
function write(kept) {
  try {
    const held = { ...kept.drafts, ...kept.unsure };
    if (Object.values(held).every((one) => one === undefined)) sessionStorage.removeItem(STORE);
    else sessionStorage.setItem(STORE, JSON.stringify(kept));
  } catch {
    // Without storage only this feature is lost.
  }
}

const keyOf = (name) => `${location.pathname} ${name}`;

function fields(form) {
  return [...form.elements].filter(
    (field) => field.name && !SKIPPED.has(field.type) && field.autocomplete !== "one-time-code",
  );
}

const ticks = (field) => field.type === "checkbox" || field.type === "radio";

function values(form) {
  return fields(form).map((field) => {
    const written = !ticks(field) && field.type !== "select-one";
    return [field.name, field.value, ticks(field) ? field.checked : null, written];
  });
}

/** Whether somebody wrote or chose something in a form. @param {HTMLFormElement} form */
export function touched(form) {
  return fields(form).some((field) => {
    if (ticks(field)) return field.checked !== field.defaultChecked;
    if (field.type !== "select-one") return field.value !== field.defaultValue;
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  });
}

function keep(form) {
  const kept = read();
  kept.drafts[keyOf(form.dataset.keep)] = values(form);
  write(kept);
}

/** Forgets what was typed into a form: the desk has it. @param {HTMLFormElement} form */
export function taken(form) {
  const kept = read();
  delete kept.drafts[keyOf(form.dataset.keep)];
  write(kept);
}

/** Returns what a form sent last if no answer has come. @param {HTMLFormElement} form */
export function unsure(form) {
  return read().unsure?.[keyOf(form.dataset.keep)];
}

/** @param {HTMLFormElement} form @param {Unsure | undefined} sent */
export function setUnsure(form, sent) {
  const kept = read();
  write({ ...kept, unsure: { ...kept.unsure, [keyOf(form.dataset.keep)]: sent } });
}

/** @returns {boolean} whether that changed anything */
function fill(form, draft) {
  const own = fields(form);
  let changed = false;
  for (const [name, value, checked] of draft) {
    const field = own.find((one) => one.name === name && (checked === null || one.value === value));
    if (!field) continue;
    changed ||= checked === null ? field.value !== value : field.checked !== checked;
    if (checked === null) field.value = value;
    else field.checked = checked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  return changed;
}

/** Shows text whose form is gone, such as a reply in a conversation that a colleague has taken. */
function showLeft(key, draft) {
  const words = draft.filter(([, value, , written]) => written && value.trim());
  const left = document.getElementById("left");
  const text = /** @type {HTMLTextAreaElement} */ (document.getElementById("left-text"));
  text.value = [text.value, ...words.map(([, value]) => value)].filter(Boolean).join("\n\n");
  left.hidden = !text.value;
  document.getElementById("left-drop").addEventListener("click", () => {
    const kept = read();
    delete kept.drafts[key];
    write(kept);
    left.hidden = true;
    document.getElementById("main").focus();
  });
}

function restore() {
  const kept = read();
  if (holds) {
    for (const told of document.querySelectorAll("[data-held]")) {
      told.hidden = Object.keys(kept.drafts).length === 0;
    }
    write({ ...kept, sent: "", held: kept.sent });
    return;
  }
  if (kept.agent !== page.dataset.agent) {
    write({ ...kept, drafts: {}, unsure: {} });
    return;
  }
  const cameAnew = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  if (kept.sent && cameAnew && !("again" in page.dataset)) delete kept.drafts[kept.sent];
  kept.sent = "";
  kept.held = "";
  write(kept);
  for (const [key, draft] of Object.entries(kept.drafts)) {
    const form = [...document.forms].find(
      (one) => one.dataset.keep && keyOf(one.dataset.keep) === key,
    );
    if (form) {
      if (fill(form, draft)) {
        document.getElementById("kept").hidden = false;
        const folded = form.closest("details");
        if (folded) folded.open = true;
      }
    } else if (key.startsWith(`${location.pathname} `) && !("again" in page.dataset)) {
      // The answer to a form already shows what was typed.
      showLeft(key, draft);
    }
  }
}

document.documentElement.classList.add("scripted");
// The address of an answer to a form accepts forms alone; the page's own can be reloaded.
if (page.dataset.at) history.replaceState(null, "", page.dataset.at + location.hash);
restore();
// A page from the back/forward cache has a used token and outdated content.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.keep) return;
  if (touched(form)) keep(form);
  else taken(form);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if ("forget" in form.dataset) {
    write({ ...read(), drafts: {}, unsure: {} });
    forget();
    return;
  }
  if ("carries" in form.dataset) {
    const kept = read();
    write({ ...kept, sent: kept.held ?? "" });
    return;
  }
  const name = form.dataset.keep ?? form.dataset.keepAs;
  if (!name) return;
  if (form.dataset.keep) keep(form);
  write({ ...read(), sent: keyOf(name) });
});
for (const form of document.querySelectorAll("form[data-language]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.addEventListener("click", () => window.print());
}
