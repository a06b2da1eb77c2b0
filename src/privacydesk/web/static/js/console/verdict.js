// Deciding with few clicks: a choice that lacks nothing shows its preview at once, and a ready
// sentence fills in ground and reason. Keys only move the choice; nothing is decided here.

/** How long after a click a choice still comes from it, in milliseconds. */
const CLICK = 500;

let pointedAt = -CLICK;

/** @param {HTMLSelectElement} ground @returns {HTMLInputElement | HTMLTextAreaElement} */
const reasonOf = (ground) => ground.form.elements.namedItem(ground.name.replace("ground", "reason"));

/** Writes the ground's sentence as the reason, unless a reason of one's own stands there. */
function suggest(ground) {
  const reason = reasonOf(ground);
  const ready = [...ground.options].map((option) => option.dataset.text);
  if (reason.value.trim() && !ready.includes(reason.value)) return;
  reason.value = ground.selectedOptions[0].dataset.text ?? "";
  reason.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Shows which sentence is chosen. @param {HTMLFormElement} form */
function mark(form) {
  const chosen = form.elements.namedItem("ground")?.value;
  for (const button of form.querySelectorAll("button[data-ground]")) {
    button.setAttribute("aria-pressed", String(button.dataset.ground === chosen));
  }
}

/** Takes a ready sentence. @param {HTMLButtonElement} button @param {boolean} pointed */
function take(button, pointed) {
  const ground = button.form.elements.namedItem("ground");
  ground.value = button.dataset.ground;
  suggest(ground);
  mark(button.form);
  if (pointed) button.form.requestSubmit();
  else reasonOf(ground).focus();
}

/** Sets it up; listened for on the page, since the rail is shown anew. */
export function quick() {
  document.addEventListener("pointerdown", (event) => {
    pointedAt = event.timeStamp;
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.name?.startsWith("ground")) {
      suggest(field);
      mark(field.form);
    }
    const pointed = event.timeStamp - pointedAt < CLICK;
    if ("atOnce" in field.dataset && pointed && field.form.checkValidity()) field.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-ground]") : null;
    if (button) take(button, event.detail > 0);
  });
}
