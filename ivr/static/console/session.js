// The session of this browser: before it ends by itself, and once it has ended, every page says so.
import { createElement } from "../shared/dom.js";
import { setExpiry } from "../shared/expiry.js";
import { fetchInBackground, setToken } from "../shared/http.js";

const INTERVAL_MS = 5000;
const EARLY_MS = 150000; // from here on the server is asked: it may go on in another tab, or have ended
const NAME = "session";
const { session: url, secondsLeft } = document.body.dataset;
let endsAt = Date.now() + Number(secondsLeft) * 1000;

const signInLink = createElement("a", { class: "button", href: location.pathname + location.search }, "Sign in again");
signInLink.addEventListener("click", () => {
  // In this tab, text that the server does not keep yet would be lost.
  signInLink.target = document.documentElement.hasAttribute("data-unkept") ? "_blank" : "";
});

const renewButton = createElement("button", { type: "button" }, "Stay signed in");
renewButton.addEventListener("click", () => document.dispatchEvent(new Event("session-used")));

const show = (milliseconds) => {
  const isOver = milliseconds <= 0;
  const wasOver = document.documentElement.toggleAttribute("data-signed-out", isOver) !== isOver;
  endsAt = Date.now() + milliseconds;
  const ended = { endsAt: 0, text: "You are signed out. Your text stays in this page.", act: signInLink };
  setExpiry(NAME, isOver ? ended : { endsAt, text: "You will be signed out in", act: renewButton });
  if (wasOver) document.dispatchEvent(new Event("session-renewed"));
};

// In the background it tells the time that is left; otherwise that begins anew.
const ask = async (isBackground) => {
  try {
    const response = await (isBackground ? fetchInBackground(url) : fetch(url));
    const { seconds_left: seconds, token } = await response.json();
    setToken(token);
    show(seconds * 1000);
  } catch {
    // Not reached: the next time may do better.
  }
};

const askWhenNear = () => {
  if (endsAt - Date.now() <= EARLY_MS) ask(true);
};

if (url) {
  show(Number(secondsLeft) * 1000);
  setInterval(askWhenNear, INTERVAL_MS);
  document.addEventListener("session-used", () => ask(false));
  document.addEventListener("session-doubtful", () => ask(true));
}
