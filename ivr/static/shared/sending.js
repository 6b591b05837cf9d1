// Forms that are sent from the page they are in: again when nobody answers, and what is refused is said right there.
import { createElement } from "./dom.js";
import { post } from "./http.js";

const RETRY_MS = 2000;
const STARTING = new Set([502, 503, 504]); // a server that is being started again
const WORDS = {
  offline: "Not sent yet: there is no connection. It is tried again by itself.",
  signedOut: "Not sent yet: you are signed out. Sign in again, in another tab too, and it is sent.",
  broken: "That did not work, and nothing was saved. Please try again.",
};

const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const wait = () =>
  new Promise((resolve) => {
    const done = () => resolve();
    setTimeout(done, RETRY_MS);
    addEventListener("online", done, { once: true });
    document.addEventListener("session-renewed", done, { once: true });
  });

// Why nobody took it, in words, or null when somebody did. A token of a session that is over is replaced by the page.
const whyNot = async (response) => {
  if (!response || STARTING.has(response.status)) return WORDS.offline;
  const isStale =
    response.status === 400 &&
    (
      await response
        .clone()
        .json()
        .catch(() => ({}))
    ).stale;
  if (response.status !== 401 && !isStale) return null;
  document.dispatchEvent(new Event("session-doubtful"));
  return WORDS.signedOut;
};

const sendOnce = (url, body) => {
  body.delete("csrf_token"); // the page's newest one goes in a header
  return post(url, body, { headers: { Accept: "application/json" } }).catch(() => null);
};

/** POST a form's values until somebody answers; `tell` is given what it waits for, '' when it waits no more. */
export const sendUntilAnswered = async (url, body, tell) => {
  body.set("once", randomKey());
  for (;;) {
    const response = await sendOnce(url, body);
    const reason = await whyNot(response);
    tell(reason ?? "");
    if (!reason) return response;
    await wait();
  }
};

/** What an answer says, as JSON; a broken one is a problem as well. */
export const readAnswer = async (response) => {
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  return { problem: WORDS.broken, meanwhile: [], ...answer };
};

/** The lines of a refusal: why, and what was done since the form was made. */
export const refusal = ({ problem, meanwhile }) => {
  const lines = [createElement("p", { class: "error" }, problem)];
  if (!meanwhile?.length) return lines;
  const done = meanwhile.map((one) => createElement("li", {}, one));
  return [...lines, createElement("ul", {}, ...done), createElement("p", {}, "Save it again if it is still right.")];
};
