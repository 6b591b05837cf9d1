// The form of a request: an outcome proposes what happens next, and only what fits it is offered.
import { byId } from "../shared/dom.js";
import { followHours } from "./follow-up.js";
import { refusal } from "../shared/sending.js";

const form = byId("work");
const followUp = byId("follow-up");
let isTimeChosen = followUp.value !== "";
let isNextChosen = form.querySelector('input[name="then"]:checked') !== null;

const checked = (name) => form.querySelector(`input[name="${name}"]:checked`);

const showWhatFits = () => {
  const outcome = checked("outcome")?.value;
  for (const choice of form.querySelectorAll("[data-fits]")) {
    const fits = !outcome || choice.dataset.fits.split(" ").includes(outcome);
    choice.closest("label").hidden = !fits;
    if (!fits) choice.checked = false;
  }
  const then = checked("then")?.value;
  byId("again").hidden = then !== "again";
  byId("settled").hidden = then !== "settled";
};

const proposeNext = ({ dataset }) => {
  if (!isTimeChosen && followUp.value !== dataset.followUp) {
    followUp.value = dataset.followUp;
    followUp.dispatchEvent(new Event("change"));
  }
  if (!isNextChosen) form.querySelector(`input[name="then"][value="${dataset.then}"]`).checked = true;
};

const onChange = ({ target }) => {
  if (target.name === "then") isNextChosen = true;
  if (target.name === "outcome") proposeNext(target);
  showWhatFits();
};

const insertPhrase = ({ target }) => {
  const { phrase } = target.dataset;
  if (!phrase) return;
  const before = form.note.value.trimEnd();
  form.note.value = before ? `${before} ${phrase}` : phrase;
  form.note.focus();
  form.note.setSelectionRange(form.note.value.length, form.note.value.length);
  form.note.dispatchEvent(new Event("input", { bubbles: true }));
};

/** Choose the outcome in this place, as its key does; what must be chosen next gets the focus. */
export const chooseOutcome = (place) => {
  const choice = form.querySelectorAll('input[name="outcome"]')[place];
  if (!choice || choice.matches(":disabled")) return;
  choice.click();
  const settled = checked("then")?.value === "settled" && form.querySelector("#settled label:not([hidden]) input");
  (settled || choice).focus();
};

/** Say in the form why it was refused. A form that is saved again knows what was told. */
export const showRefusal = (answer) => {
  const box = form.querySelector(".refusal");
  box.replaceChildren(...refusal(answer));
  box.hidden = false;
  box.focus();
  if (answer.made_from) form.made_from.value = answer.made_from;
};

/** Make the form easier to fill in. */
export const setUpWork = () => {
  form.addEventListener("change", onChange);
  followUp.addEventListener("input", () => {
    isTimeChosen = followUp.value !== "";
  });
  // A time that was only proposed is worked out anew when the form is sent: by then it may be over.
  form.addEventListener("formdata", ({ formData }) => {
    if (!isTimeChosen) formData.set("follow_up_at", "");
  });
  followHours(followUp, byId("closed-then"));
  const phrases = form.querySelector(".phrases");
  phrases.hidden = false;
  phrases.addEventListener("click", insertPhrase);
  showWhatFits();
};
