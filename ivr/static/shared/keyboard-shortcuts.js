// Keyboard shortcuts of a page; ? lists them. They rest while something is typed, and can be turned off, for whoever
// speaks to the computer or presses keys without meaning to.
import { createElement } from "./dom.js";

const DISABLED_ITEM = "keys-off"; // in the browser's local storage
const TYPING =
  "textarea, select, dialog, [contenteditable], input:not([type=radio], [type=checkbox], [type=range], [type=submit])";
const KEY_NAMES = { " ": "Space", enter: "Enter" };
const shortcuts = new Map();

const areDisabled = () => localStorage.getItem(DISABLED_ITEM) === "yes";

/** Add a key, without modifiers, that does something. */
export const addShortcut = (key, label, action) => shortcuts.set(key, { label, action });

/** List a key that the browser itself acts on. */
export const listShortcut = (key, label) => shortcuts.set(key, { label, action: null });

const shortcutTable = () => {
  const names = [...shortcuts].map(([key, { label }]) => [KEY_NAMES[key] ?? key.toUpperCase(), label]);
  const rows = [["?", "Show these keys"], ...names].map(([name, label]) =>
    createElement(
      "tr",
      {},
      createElement("th", { scope: "row" }, createElement("kbd", {}, name)),
      createElement("td", {}, label),
    ),
  );
  return createElement("table", {}, createElement("tbody", {}, ...rows));
};

const enabledCheckbox = () => {
  const checkbox = createElement("input", { type: "checkbox" });
  checkbox.checked = !areDisabled();
  checkbox.addEventListener("change", () => {
    if (checkbox.checked) localStorage.removeItem(DISABLED_ITEM);
    else localStorage.setItem(DISABLED_ITEM, "yes");
  });
  return createElement("label", { class: "choice" }, checkbox, "Use these keys");
};

const showHelp = () => {
  if (document.querySelector("dialog[open]")) return;
  const close = createElement("button", { autofocus: "" }, "Close");
  const dialog = createElement(
    "dialog",
    { "aria-labelledby": "keys-title" },
    createElement("h2", { id: "keys-title" }, "Keys"),
    shortcutTable(),
    createElement("form", { method: "dialog" }, enabledCheckbox(), close),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
};

// A dialog that was just closed still has the focus: then the key is meant for the page.
const targetOf = ({ target }) =>
  target instanceof Element && target.closest("dialog:not([open])") ? document.body : target;

/** Whether an element takes what is typed: letters there are text, and no shortcuts. */
export const isTypedIn = (element) => element instanceof Element && element.closest(TYPING) !== null;

const isForAnotherPurpose = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const target = targetOf(event);
  if (!(target instanceof Element) || isTypedIn(target)) return true;
  return [" ", "Enter"].includes(event.key) && target.closest("button, a, input, summary") !== null;
};

const onKeyDown = (event) => {
  const isHelp = event.key === "?";
  if (isForAnotherPurpose(event) || (isHelp && event.repeat)) return;
  const shortcut = shortcuts.get(event.key.toLowerCase());
  const action = isHelp ? showHelp : shortcut?.action;
  if (!action || (areDisabled() && !isHelp)) return;
  event.preventDefault();
  action();
};

/** Begin to act on the keys, and on the buttons that list them; once for a page. */
export const listenForShortcuts = () => {
  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-help]")) showHelp();
  });
};
