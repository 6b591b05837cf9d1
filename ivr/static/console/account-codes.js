// The page of new recovery codes: a button prints it. Without JavaScript it is hidden, and the browser itself prints.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
