// A request's page: its message is played, a call back and its owner are followed, its forms are sent and kept.
import { byId, createElement, setText } from "../shared/dom.js";
import { addShortcut, isTypedIn, listenForShortcuts } from "../shared/keyboard-shortcuts.js";
import { setUpPlayers } from "../shared/player.js";
import { readAnswer, refusal, sendUntilAnswered } from "../shared/sending.js";
import { dialHere, followCallBack } from "./call-back.js";
import { keepDrafts, keepNow, leaveForm, pauseDraft, resumeDraft } from "./request-draft.js";
import { followOwner } from "./request-owner.js";
import { chooseOutcome, setUpWork, showRefusal } from "./request-work.js";

const work = byId("work");
const sending = new WeakSet();

const addLinkShortcut = (key, label, id) => addShortcut(key, label, () => byId(id)?.click());

const addRequestShortcuts = () => {
  addLinkShortcut("c", "Claim the request", "claim");
  addLinkShortcut("t", "Call the patient", "call");
  [...work.querySelectorAll('input[name="outcome"]')].forEach((choice, place) => {
    addShortcut(String(place + 1), choice.closest("label").firstChild.nextSibling.textContent.trim(), () =>
      chooseOutcome(place),
    );
  });
  addShortcut("n", "Write a note; Ctrl and Enter there saves and goes on", () => work.note.focus());
  addLinkShortcut("s", "Save and next", "save-next");
  addLinkShortcut("j", "Next request", "after");
  addLinkShortcut("k", "Request before", "before");
  addLinkShortcut("b", "Back to the queue", "back");
  work.note.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) work.requestSubmit(byId("save-next"));
    if (event.key === "Escape") work.note.blur();
  });
};

const askForOutcome = () => {
  const outcome = byId("outcome");
  outcome.classList.add("asked");
  // The rest of a sentence must not fall on the keys of the page.
  if (isTypedIn(document.activeElement)) return;
  outcome.scrollIntoView({ block: "start" });
  const field = outcome.querySelector("input[type=radio]:not(:disabled)") ?? byId("work-title");
  field.focus({ preventScroll: true });
};

const showIn = (form, answer) => {
  if (form === work) {
    showRefusal(answer);
    return;
  }
  form.querySelector(".refusal")?.remove();
  form.prepend(createElement("div", { class: "refusal", role: "alert" }, ...refusal(answer)));
};

const stateOf = (form) => {
  const known = form.querySelector(".sending");
  if (known) return known;
  const state = createElement("p", { class: "sending", role: "status" });
  form.append(state);
  return state;
};

const goTo = (address) => {
  const next = new URL(address, location);
  leaveForm();
  if (next.pathname !== location.pathname) {
    location.assign(next);
    return;
  }
  history.replaceState(null, "", next);
  location.reload();
};

const send = async (form, submitter) => {
  const body = new URLSearchParams(new FormData(form, submitter));
  const beforehand = form === work ? pauseDraft : keepNow;
  await beforehand();
  const response = await sendUntilAnswered(form.action, body, (words) => setText(stateOf(form), words));
  const answer = await readAnswer(response);
  if (!answer.next) {
    showIn(form, answer);
    if (form === work) resumeDraft();
  } else if (form === work || (await keepNow())) goTo(answer.next);
  else setText(stateOf(form), "Done. Your note is not kept yet; reload the page once it is.");
};

const onSubmit = async (event) => {
  const { target: form, submitter } = event;
  if (form.method !== "post" || !form.closest("main")) return;
  event.preventDefault();
  if (sending.has(form)) return;
  sending.add(form);
  form.setAttribute("aria-busy", "true");
  await send(form, submitter).finally(() => {
    sending.delete(form);
    form.removeAttribute("aria-busy");
  });
};

listenForShortcuts();
setUpPlayers();
setUpWork();
keepDrafts();
addRequestShortcuts();
document.addEventListener("submit", onSubmit);
document.addEventListener("callback-ended", askForOutcome);
if (location.hash === "#call-ended") askForOutcome();
dialHere();
followCallBack();
followOwner();
