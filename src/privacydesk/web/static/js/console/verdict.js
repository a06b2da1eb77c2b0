// Deciding with few clicks: a choice that lacks nothing shows its preview at once, and a ground's
// draft is filled in as the reason. Keys only move the choice; nothing is decided here.

/** How long after a click a choice still comes from it, in milliseconds. */
const CLICK = 500;

let pointedAt = -CLICK;

/** @typedef {HTMLSelectElement | HTMLInputElement} Ground a list of grounds, or the chosen one of several buttons */

/** @param {Ground} ground @returns {HTMLInputElement | HTMLTextAreaElement} */
const reasonOf = (ground) => ground.form.elements.namedItem(ground.name.replace("ground", "reason"));

/** @param {Ground} ground @returns {string} the draft for the ground that is chosen; empty for none */
const draftOf = (ground) => (ground.selectedOptions?.[0] ?? ground).dataset.text ?? "";

/** @param {Ground} ground @returns {string[]} the drafts for all grounds */
function drafts(ground) {
  const all = ground.options ?? ground.form.querySelectorAll(`input[name="${ground.name}"]`);
  return [...all].map((one) => one.dataset.text);
}

/** Writes the ground's draft as the reason, unless a reason of one's own stands there. */
function suggest(ground) {
  const reason = reasonOf(ground);
  if (reason.value.trim() && !drafts(ground).includes(reason.value)) return;
  reason.value = draftOf(ground);
  reason.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Sets it up; listened for on the page, since the rail is shown anew. */
export function quick() {
  document.addEventListener("pointerdown", (event) => {
    pointedAt = event.timeStamp;
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    const pointed = event.timeStamp - pointedAt < CLICK;
    if (field.type === "radio" && !field.checked) return;
    if (field.name?.startsWith("ground")) suggest(field);
    const isComplete =
      "atOnce" in field.dataset ||
      (field.type === "radio" && field.name === "ground" && draftOf(field) && reasonOf(field).value === draftOf(field));
    if (isComplete && pointed && field.form.checkValidity()) field.form.requestSubmit();
  });
}
