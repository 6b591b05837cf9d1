// A call back that goes on: its state is asked for and shown; at its end the outcome's form opens.
import { byId, setText } from "../shared/dom.js";
import { post } from "../shared/http.js";

const INTERVAL_MS = 2000;

const suggestOutcome = (outcome) => {
  const choice = document.querySelector(`#outcome input[name="outcome"][value="${outcome}"]`);
  if (!choice || choice.disabled || document.querySelector('#outcome input[name="outcome"]:checked')) return;
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
};

const isSignedOut = (response) => response.status === 401 || response.redirected;

// Asked in the foreground: who is on the telephone is working, and stays signed in.
const poll = async (url) => {
  let progress = null;
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (isSignedOut(response)) return;
    if (response.ok) progress = await response.json();
  } catch {
    // Not reached: the next time may do better.
  }
  if (progress) setText(byId("call-state"), progress.words);
  if (!progress?.over) {
    setTimeout(poll, INTERVAL_MS, url);
    return;
  }
  byId("call-again").hidden = false;
  if (progress.suggested) suggestOutcome(progress.suggested);
  document.dispatchEvent(new Event("callback-ended"));
};

const noteDialling = async () => {
  const [box, page] = [byId("call-back"), byId("case")];
  const body = new URLSearchParams({ alone: "1" });
  const options = { keepalive: true, headers: { Accept: "application/json" } };
  const response = await post(box.dataset.call, body, options).catch(() => null);
  const answer = (await response?.json().catch(() => null)) ?? { problem: "This call could not be noted." };
  const said = byId("dialled");
  said.hidden = false;
  if (answer.problem) {
    setText(said, answer.problem);
    return;
  }
  page.dataset.version = answer.version;
  page.dataset.mine = "1";
  byId("work").made_from.value = answer.newest;
  document.dispatchEvent(new Event("callback-ended"));
};

/** On a phone the number is a link: the telephone opens by itself, and the call is noted beside it. */
export const dialHere = () => {
  document.querySelector(".dial")?.addEventListener("click", (event) => {
    if (event.currentTarget.getAttribute("aria-disabled") === "true") event.preventDefault();
    else noteDialling();
  });
};

/** Follow the call back of this page, if there is one; the document gets the event `callback-ended`. */
export const followCallBack = () => {
  const url = byId("call-back")?.dataset.progress;
  if (url) setTimeout(poll, INTERVAL_MS, url);
};
