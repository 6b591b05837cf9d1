// A request's page: its message is played, a call back and its owner are followed, and its forms are easier to fill in.
import { byId } from "../shared/dom.js";
import { addShortcut, listenForShortcuts } from "../shared/keyboard-shortcuts.js";
import { setUpPlayers } from "../shared/player.js";
import { followCallBack } from "./call-back.js";
import { followOwner } from "./request-owner.js";

const note = byId("note-note");

const addRequestShortcuts = () => {
  const claim = byId("claim");
  if (claim) addShortcut("c", "Claim", () => claim.click());
  addShortcut("n", "Write a note", () => note.focus());
};

const insertPhrase = (event) => {
  const { phrase } = event.target.dataset;
  if (!phrase) return;
  const before = note.value.trimEnd();
  note.value = before ? `${before} ${phrase}` : phrase;
  note.focus();
  note.setSelectionRange(note.value.length, note.value.length);
};

const showPhrases = () => {
  const phrases = document.querySelector(".templates");
  phrases.hidden = false;
  phrases.addEventListener("click", insertPhrase);
};

// An outcome proposes when to act again, until somebody chooses another time.
const proposeFollowUp = () => {
  const followUp = byId("follow-up");
  let isChosen = followUp.value !== "";
  followUp.addEventListener("input", () => {
    isChosen = followUp.value !== "";
  });
  byId("attempt").addEventListener("change", (event) => {
    if (event.target.name === "outcome" && !isChosen) followUp.value = event.target.dataset.followUp;
  });
};

const askForOutcome = () => {
  const outcome = byId("outcome");
  outcome.classList.add("asked");
  outcome.scrollIntoView({ block: "start" });
  const field = outcome.querySelector("input[type=radio]:not(:disabled)") ?? byId("attempt-title");
  field.focus({ preventScroll: true });
};

const submitFormsOnce = () => {
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    else event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
};

listenForShortcuts();
setUpPlayers();
addRequestShortcuts();
showPhrases();
proposeFollowUp();
submitFormsOnce();
document.addEventListener("callback-ended", askForOutcome);
if (location.hash === "#call-ended") askForOutcome();
followCallBack();
followOwner();
