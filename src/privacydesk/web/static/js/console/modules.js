// Text modules: "/" in an empty field, or the key, opens the list; it is searched and navigated by
// keyboard, previews the text, and inserts it at the cursor.

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("modules"));
const find = /** @type {HTMLInputElement | null} */ (document.getElementById("modules-find"));
const preview = document.getElementById("modules-preview");
const options = /** @type {HTMLElement[]} */ (
  dialog ? [...dialog.querySelectorAll("[role='option']")] : []
);

/** @type {HTMLTextAreaElement | null} */
let field = null;

const shown = () => options.filter((one) => !one.hidden);

/** @param {HTMLElement | undefined} chosen */
function mark(chosen) {
  for (const one of options) one.setAttribute("aria-selected", String(one === chosen));
  if (chosen) {
    find.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  } else {
    find.removeAttribute("aria-activedescendant");
  }
  preview.textContent = chosen?.dataset.text ?? "";
  preview.lang = chosen?.dataset.lang ?? "";
}

/** @param {number} by */
function step(by) {
  const left = shown();
  const at = left.findIndex((one) => one.getAttribute("aria-selected") === "true");
  mark(left[Math.min(Math.max(at + by, 0), left.length - 1)]);
}

function narrow() {
  const wanted = find.value.trim().toLocaleLowerCase();
  for (const one of options) {
    const words = `${one.textContent} ${one.dataset.text}`.toLocaleLowerCase();
    // A field of one language offers the texts in it.
    const fits = !field?.dataset.modules || field.dataset.modules === one.dataset.locale;
    one.hidden = !fits || !words.includes(wanted);
  }
  mark(shown()[0]);
}

/** @param {HTMLElement | undefined} chosen */
function write(chosen) {
  dialog.close();
  if (!chosen || !field) return;
  // Over what is selected, else where the cursor is; what was typed before stays.
  field.setRangeText(chosen.dataset.text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Opens the list for a field. @param {HTMLTextAreaElement | null} where */
export function choose(where) {
  if (!dialog || !where || options.length === 0) return;
  field = where;
  find.value = "";
  narrow();
  dialog.showModal();
  find.focus();
}

if (dialog) {
  // Listened for on the page: parts of a case are shown anew.
  document.addEventListener("keydown", (event) => {
    const where = event.target;
    const plain = !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key !== "/" || !plain || !(where instanceof HTMLTextAreaElement)) return;
    if (where.dataset.modules === undefined || where.value !== "") return;
    event.preventDefault();
    choose(where);
  });
  document.addEventListener("click", ({ target }) => {
    const of = target.closest("[data-modules-for]")?.dataset.modulesFor;
    if (of) choose(/** @type {HTMLTextAreaElement} */ (document.getElementById(of)));
  });
  find.addEventListener("input", narrow);
  find.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const keys = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: () => write(options.find((one) => one.getAttribute("aria-selected") === "true")),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  for (const one of options) {
    one.addEventListener("pointermove", () => mark(one));
    one.addEventListener("click", () => write(one));
  }
  dialog.addEventListener("close", () => field?.focus());
}
