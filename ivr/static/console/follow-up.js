// A follow-up at a time when the clinic is closed is pointed out, with the next opening; it may be kept all the same.
import { createElement } from "../shared/dom.js";
import { fetchInBackground } from "../shared/http.js";

const PAUSE_MS = 300;

const ask = async (address, at) => {
  if (!at) return { words: "" };
  const response = await fetchInBackground(`${address}?${new URLSearchParams({ at })}`).catch(() => null);
  return response?.ok ? response.json() : { words: "" };
};

const propose = (field, { next, named }) => {
  const button = createElement("button", { type: "button", class: "small" }, `Take ${named}`);
  button.addEventListener("click", () => {
    field.value = next;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return button;
};

/** Say beside the field, in `box`, when the time in it is one at which the clinic is closed. */
export const followHours = (field, box) => {
  let timer;
  const look = async () => {
    const at = field.value;
    const told = await ask(box.dataset.asks, at);
    if (field.value !== at) return;
    const parts = told.words ? [createElement("p", {}, told.words)] : [];
    box.replaceChildren(...parts, ...(told.next ? [propose(field, told)] : []));
  };
  const lookSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  };
  field.addEventListener("input", lookSoon);
  field.addEventListener("change", lookSoon);
  look();
};
