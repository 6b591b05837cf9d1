// What is typed about a request is kept by the server while it is typed, and offered back wherever the page is opened.
import { byId, createElement, setText } from "../shared/dom.js";
import { post } from "../shared/http.js";

const DELAY_MS = 700;
const RETRY_MS = 3000;
const FIELDS = ["outcome", "then", "disposition", "follow_up_at", "note"];
const form = byId("work");
const state = byId("kept");
let revision = Number(form.dataset.revision);
let kept = "";
let otherNote = ""; // typed in another window, and not taken over or dismissed here
let timer = 0;
let keeping = Promise.resolve();
let isLeaving = false;
let isPaused = false;

const joined = (...notes) => notes.filter(Boolean).join("\n");

const content = () => {
  const values = new FormData(form);
  values.set("note", joined(form.note.value, otherNote));
  return new URLSearchParams(FIELDS.map((name) => [name, values.get(name) ?? ""]));
};

const markUnkept = () => {
  document.documentElement.toggleAttribute("data-unkept", content().toString() !== kept);
};

const showOther = ({ note, revision: newest }) => {
  revision = newest;
  otherNote = note;
  byId("draft-other")?.remove();
  if (!note) return;
  const add = createElement("button", { type: "button", class: "small" }, "Add it to this note");
  const drop = createElement("button", { type: "button", class: "small" }, "Leave it out");
  const said = createElement("p", {}, "You typed this in another window: ", createElement("q", {}, note));
  const buttons = createElement("div", { class: "buttons" }, add, drop);
  const box = createElement("div", { class: "message warn", id: "draft-other" }, said, buttons);
  const decide = (text) => {
    form.note.value = text;
    otherNote = "";
    box.remove();
    form.note.dispatchEvent(new Event("input", { bubbles: true }));
  };
  add.addEventListener("click", () => decide(joined(form.note.value.trimEnd(), note)));
  drop.addEventListener("click", () => decide(form.note.value));
  state.after(box);
};

const store = async (options) => {
  const sent = content();
  const body = new URLSearchParams(sent);
  body.set("made_from", form.made_from.value);
  body.set("revision", revision);
  const response = await post(form.dataset.draft, body, { ...options, headers: { Accept: "application/json" } });
  const answer = await response.json();
  if (response.status === 409) {
    showOther(answer);
    document.dispatchEvent(new Event("draft-joined"));
    return;
  }
  if (!response.ok) throw new Error(`not kept: ${response.status}`);
  ({ revision } = answer);
  kept = sent.toString();
  setText(state, form.note.value ? `Kept ${answer.at}. Not saved yet.` : "");
};

const isKept = () => content().toString() === kept;

const storeUnlessKept = async (options) => {
  if (isKept() || isLeaving || isPaused) return;
  try {
    await store(options);
  } catch {
    setText(state, "Not kept yet: there is no connection, or you are signed out. It is tried again by itself.");
    document.dispatchEvent(new Event("session-doubtful"));
    document.dispatchEvent(new Event("draft-unkept"));
  }
  markUnkept();
};

// One after the other, so that an older text never overtakes a newer one.
const keep = (options = {}) => {
  clearTimeout(timer);
  keeping = keeping.then(() => storeUnlessKept(options));
  return keeping;
};

const keepSoon = () => {
  markUnkept();
  clearTimeout(timer);
  timer = setTimeout(keep, DELAY_MS);
};

const warn = (event) => {
  const isKeptForSigningIn = isKept() && document.documentElement.hasAttribute("data-signed-out");
  if (!isLeaving && !isKeptForSigningIn && form.note.value.trim()) event.preventDefault();
};

/** The form is being left by its own buttons: what is typed need not be kept or warned of any more. */
export const leaveForm = () => {
  isLeaving = true;
};

/** Keep what is typed right now, before the page is left for another reason; whether all of it is kept. */
export const keepNow = async () => {
  await keep();
  return isKept();
};

/** Keep nothing while the form itself is sent: what is saved must not come back as a draft. */
export const pauseDraft = async () => {
  isPaused = true;
  clearTimeout(timer);
  await keeping;
};

/** The form was refused: what is in it is kept again. */
export const resumeDraft = () => {
  isPaused = false;
  keepSoon();
};

/** Throw away what was typed, here and at the server. */
export const discardDraft = async () => {
  form.reset();
  for (const field of [form.note, form.follow_up_at]) field.value = "";
  for (const choice of form.querySelectorAll("input[type=radio]")) choice.checked = false;
  form.dispatchEvent(new Event("change"));
  await keep();
  byId("draft-found")?.remove();
};

/** Begin to keep what is typed, and to warn of leaving with an unsaved note. */
export const keepDrafts = () => {
  kept = content().toString();
  if (form.note.value !== form.note.defaultValue) {
    kept = ""; // typed before this script ran
    keepSoon();
  }
  for (const name of ["input", "change"]) form.addEventListener(name, keepSoon);
  addEventListener("beforeunload", warn);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) keep({ keepalive: true });
  });
  document.addEventListener("session-renewed", () => keep());
  // An older page that has come back: what was saved since is not in it.
  addEventListener("pageshow", async ({ persisted }) => {
    if (!persisted || (!isLeaving && !(await keepNow()))) return;
    leaveForm();
    location.reload();
  });
  document.addEventListener("draft-joined", keepSoon); // both texts, until somebody decides
  document.addEventListener("draft-unkept", () => {
    timer = setTimeout(keep, RETRY_MS);
  });
  byId("draft-discard")?.addEventListener("click", discardDraft);
};
