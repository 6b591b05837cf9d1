// What the page shows of a call: what is said and keyed, the place in the call tree, TwiML, and what is saved.
import { byId, createElement, setText } from "../shared/dom.js";
import { formatClock } from "../shared/format.js";

const SPEAKERS = { line: "Line", caller: "You", desk: "Desk", whisper: "To the desk", carrier: "Carrier" };
let turn = 0;
let shownNode = "";

/** Make the page ready for another call. */
export const clearCall = () => {
  for (const id of ["transcript", "documents", "saved", "keyed"]) byId(id).replaceChildren();
  turn = 0;
};

/** Show how the call stands, in words. */
export const showState = (message) => setText(byId("state"), message);

/** Show how many seconds the call has lasted. */
export const showClock = (seconds) => setText(byId("clock"), formatClock(seconds));

/** Show what somebody says or keys, at a second of the call. */
export const addTranscriptLine = (speaker, words, seconds = null, isDraft = false) => {
  const text = createElement("span", {}, words);
  if (isDraft) text.append(" ", createElement("span", { class: "badge warn" }, "Draft"));
  const line = createElement("li", { class: speaker });
  line.append(createElement("span", { class: "who" }, SPEAKERS[speaker]), text);
  if (seconds !== null) line.append(createElement("span", { class: "at number" }, formatClock(seconds)));
  byId("transcript").append(line);
  const box = byId("heard");
  box.scrollTop = box.scrollHeight;
};

/** Show the TwiML with which the line answered a webhook. */
export const addTwiml = ({ at, url, document: twiml }) => {
  const documents = byId("documents");
  for (const other of documents.querySelectorAll("details[open]")) other.open = false;
  turn += 1;
  const summary = createElement("summary", {}, `Turn ${turn}, at ${formatClock(at)}: ${url}`);
  const attributes = { tabindex: 0, "aria-label": `TwiML of turn ${turn}` };
  const code = createElement("pre", attributes, twiml.replaceAll("><", ">\n<"));
  documents.prepend(createElement("details", { open: "" }, summary, code));
};

const scrollTree = (box) => {
  const tree = byId("tree");
  const { x, y, width } = box.getBBox();
  tree.scrollTo(x + width / 2 - tree.clientWidth / 2, y - tree.clientHeight / 2);
};

// Marks the node of the call tree where the call is, and the ways from it.
const showNode = (node, words) => {
  if (!node || node === shownNode) return;
  shownNode = node;
  setText(byId("node"), words);
  for (const box of document.querySelectorAll("svg.tree .here")) box.classList.replace("here", "been");
  for (const way of document.querySelectorAll("svg.tree path")) way.classList.toggle("lit", way.dataset.from === node);
  const box = document.querySelector(`svg.tree [data-node="${CSS.escape(node)}"]`);
  if (!box) return;
  box.classList.add("here");
  scrollTree(box);
};

const savedRequest = ({ kind, reference, status, priority, due, text, url }) => {
  const attributes = { href: url, target: "_blank", rel: "noopener" };
  return createElement(
    "div",
    { class: "message good" },
    createElement("strong", {}, `${kind} ${reference}`),
    createElement("p", {}, `${status}. ${priority}. ${due}.`),
    ...(text ? [createElement("p", {}, `The patient is texted: ${text}`)] : []),
    url
      ? createElement("a", attributes, "See it in the staff's console")
      : createElement("p", {}, "This was a trial: it is not in the queue."),
  );
};

/** Show where the call is, after how many turns, and the requests that it has saved. */
export const showStanding = ({ node, words, turns, saved }) => {
  setText(byId("turns"), turns === 1 ? "1 turn" : `${turns} turns`);
  showNode(node, words);
  byId("saved").replaceChildren(...saved.map(savedRequest));
};
