// Enter submits no form. The template's disabled submit button prevents it in text fields, without
// scripts too; checkboxes, radio buttons and dates press the next button instead, prevented here.

/** Fields in which Enter does something of its own. */
const PRESSED = new Set(["file", "submit", "button", "reset"]);

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || !(field instanceof HTMLInputElement) || PRESSED.has(field.type)) return;
  if (field.form?.querySelector("input[type='submit'][hidden]:disabled")) event.preventDefault();
});
