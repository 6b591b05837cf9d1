// Which of the queue's rows is meant: the one with the focus; keys move it, open it and claim it.
import { byId, setText } from "../shared/dom.js";
import { addShortcut, listShortcut } from "../shared/keyboard-shortcuts.js";

/** The row with the focus, if one has it. */
export const selectedRow = () => document.activeElement?.closest("#queue-rows tr");

const moveSelection = (step) => {
  const links = [...document.querySelectorAll("#queue-rows a.open")];
  const index = links.findIndex((link) => link.closest("tr") === selectedRow());
  const first = step > 0 ? 0 : links.length - 1;
  const next = links[index < 0 ? first : Math.min(Math.max(index + step, 0), links.length - 1)];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
};

const announceRefusal = (message) => {
  const region = byId("queue-said");
  if (region) setText(region, message); // the results of a search have none
};

const claimSelected = () => {
  const row = selectedRow();
  const button = row?.querySelector("button.claim");
  if (button) button.click();
  else announceRefusal(row ? "This request cannot be claimed." : "Choose a request with J or K first.");
};

/** Add the queue's keys. */
export const addQueueShortcuts = () => {
  addShortcut("j", "Next request", () => moveSelection(1));
  addShortcut("k", "Request before", () => moveSelection(-1));
  listShortcut("enter", "Open the request");
  addShortcut("c", "Claim the request", claimSelected);
  addShortcut("/", "Search", () => byId("wanted").focus());
};
