// A banner at the foot of the page, with a countdown: something is about to end by itself, or has ended.
import { createElement, setText } from "./dom.js";
import { formatClock } from "./format.js";

const WARN_MS = 120000;
const SECOND_MS = 1000;
const expiries = new Map();
const words = createElement("span", { role: "status" });
const clock = createElement("span", { role: "timer", class: "number" });
const action = createElement("span");
const banner = createElement(
  "aside",
  { class: "expiry", "aria-label": "About to end", hidden: "" },
  createElement("p", {}, words, " ", clock),
  action,
);

const soonest = () => {
  const near = [...expiries.values()].filter(({ endsAt }) => endsAt - Date.now() <= WARN_MS);
  return near.toSorted((one, other) => one.endsAt - other.endsAt)[0];
};

const update = () => {
  const expiry = soonest();
  banner.hidden = !expiry;
  if (!expiry) {
    setText(words, "");
    return;
  }
  setText(words, expiry.text);
  clock.textContent = expiry.endsAt ? formatClock(Math.ceil((expiry.endsAt - Date.now()) / SECOND_MS)) : "";
  if (action.firstChild !== expiry.act) action.replaceChildren(expiry.act);
};

/** Tell, by a name, when something ends (`endsAt`, in the milliseconds of Date.now(); 0: it has), in which words
 * (`text`, before the time that is left) and what can be done (`act`, an element); without them it ends no more. */
export const setExpiry = (name, expiry) => {
  if (expiry) expiries.set(name, expiry);
  else expiries.delete(name);
  update();
};

document.body.append(banner);
setInterval(update, SECOND_MS);
