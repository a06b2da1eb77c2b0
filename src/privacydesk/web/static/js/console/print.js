// The button that prints a page: shown where a script can print.
const button = document.getElementById("print");

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
