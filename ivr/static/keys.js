// Keys of a page: `keys.register("c", "Claim", fn)`; ? shows them all. They rest while something is typed, and can be
// turned off, for whoever speaks to the computer or presses keys without meaning to.
const keys = (() => {
  const known = new Map();
  const OFF = "keys-off";
  const TYPED = "textarea, select, dialog, [contenteditable], input:not([type=radio], [type=checkbox], [type=range], [type=submit])";
  const isOff = () => localStorage.getItem(OFF) === "yes";

  const named = (key) => ({ " ": "Space", enter: "Enter" })[key] || key.toUpperCase();

  const element = (name, text, ...children) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...children);
    return made;
  };

  const help = () => {
    if (document.querySelector("dialog[open]")) return;
    const dialog = element("dialog");
    const title = element("h2", "Keys");
    title.id = "keys-title";
    dialog.setAttribute("aria-labelledby", title.id);
    const rows = [["?", "Show these keys"], ...[...known].map(([key, { label }]) => [named(key), label])].map(([key, label]) => {
      const head = element("th", "", element("kbd", key));
      head.scope = "row";
      return element("tr", "", head, element("td", label));
    });
    const on = element("input");
    on.type = "checkbox";
    on.checked = !isOff();
    on.addEventListener("change", () => (on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes")));
    const choice = element("label", "", on, "Use these keys");
    choice.className = "choice";
    const close = element("button", "Close");
    close.autofocus = true;
    const form = element("form", "", choice, close);
    form.method = "dialog";
    dialog.append(title, element("table", "", element("tbody", "", ...rows)), form);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  document.addEventListener("keydown", (event) => {
    const at = event.target instanceof Element && event.target.closest("dialog:not([open])") ? document.body : event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat && event.key === "?") return;
    if (!(at instanceof Element) || at.closest(TYPED)) return;
    if ([" ", "Enter"].includes(event.key) && at.closest("button, a, input, summary")) return;
    if (event.key === "?") {
      event.preventDefault();
      return help();
    }
    const found = known.get(event.key.toLowerCase());
    if (!found?.fn || isOff()) return;
    event.preventDefault();
    found.fn();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-help]")) help();
  });

  return {
    // A key without modifiers, what it does, and the function that does it.
    register: (key, label, fn) => known.set(key, { label, fn }),
    // A key that the browser itself acts on, for the list that ? shows.
    tell: (key, label) => known.set(key, { label, fn: null }),
  };
})();
