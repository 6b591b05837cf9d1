// The wording of a prompt: saved without leaving the page, so that what was typed is there until the server has it.
import { announce, byId } from "../shared/dom.js";
import { OFFLINE, REFUSED, SENT, SIGNED_OUT, send, whenBack } from "./sending.js";

const TOLD = {
  [SIGNED_OUT]: "Not saved: you are signed out. Sign in in another tab and come back here. Your words stay.",
  [OFFLINE]: "Not saved: the server cannot be reached. Your words stay here; they are sent when it is back.",
};
const field = byId("words");
let isWaiting = false;

/** Whether words were typed that the server does not have. */
export const areWordsUnsaved = () => field !== null && field.value !== field.defaultValue;

// What is recorded from now on says these words.
const showAsSaved = (words) => {
  field.defaultValue = words;
  byId("to-record").textContent = words;
  byId("upload").elements.words.value = words;
};

/** Save the words that were typed; whether the server has them now. */
export const saveWords = async () => {
  const words = field.value;
  const { outcome, message } = await send(field.form.action, new FormData(field.form));
  isWaiting = outcome === SIGNED_OUT || outcome === OFFLINE;
  const told = message ?? TOLD[outcome];
  announce(byId("words-saved"), outcome === REFUSED ? `Not saved. ${told}` : told, outcome !== SENT);
  if (outcome === SENT) showAsSaved(words);
  return outcome === SENT;
};

// A file that is uploaded says the words that were typed, as a recording does.
const saveBeforeUpload = (upload) => {
  upload.addEventListener("submit", async (event) => {
    if (!areWordsUnsaved()) return;
    event.preventDefault();
    if (await saveWords()) upload.submit();
    else field.focus();
  });
};

/** Save by the button, and again by itself once the server can be reached. */
export const setUpScriptForm = (isTakeUnsent) => {
  if (!field) return;
  saveBeforeUpload(byId("upload"));
  field.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if ((await saveWords()) && !isTakeUnsent()) location.reload();
  });
  whenBack(() => isWaiting && areWordsUnsaved() && saveWords());
};
