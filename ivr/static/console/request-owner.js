// Who has the request: the server is told while somebody works on the page, and asked all the time.
import { byId, createElement } from "../shared/dom.js";
import { setExpiry } from "../shared/expiry.js";
import { post } from "../shared/http.js";

const INTERVAL_MS = 20000;
const SIGNS_OF_WORK = ["keydown", "pointerdown", "pointermove", "scroll", "input"];
const page = byId("case");
let wasActive = true;

const showNews = (message, linkText) => {
  const news = byId("news");
  news.replaceChildren(`${message} `, createElement("a", { href: location.pathname + location.search }, linkText));
  news.hidden = false;
};

const changeInWords = ({ owner, mine: isMine }) => {
  if (owner && !isMine) return `${owner} has this request now.`;
  const wasMine = page.dataset.mine === "1";
  return wasMine && !isMine ? "This request is no longer yours." : "Something about this request has changed.";
};

const keepButton = createElement("button", { type: "button" }, "I am still working on it");
keepButton.addEventListener("click", () => document.dispatchEvent(new Event("session-used")));

const showHowLongItIsHeld = (seconds) => {
  const endsAt = Date.now() + seconds * 1000;
  const expiry = { endsAt, text: "This request is released for others in", act: keepButton };
  setExpiry("claim", seconds === null ? null : expiry);
};

const takeActivity = () => {
  const isPlaying = [...document.querySelectorAll("audio")].some((audio) => !audio.paused);
  const isActive = wasActive || isPlaying;
  wasActive = false;
  return isActive;
};

const poll = async () => {
  const isActive = takeActivity();
  const isOver = document.documentElement.hasAttribute("data-signed-out");
  if (isOver || (document.hidden && !isActive)) return;
  const body = new URLSearchParams({ active: isActive ? "1" : "0" });
  const options = { isBackground: !isActive, redirect: "manual" };
  const response = await post(page.dataset.standing, body, options).catch(() => null);
  if (!response) return;
  if (!response.ok) {
    document.dispatchEvent(new Event("session-doubtful"));
    return;
  }
  const standing = await response.json();
  showHowLongItIsHeld(standing.seconds_left);
  if (standing.version !== page.dataset.version) showNews(changeInWords(standing), "Show what is new");
};

const noteActivity = () => {
  wasActive = true;
};

/** Follow who has the request every few seconds, and at the document's event `request-changed`. */
export const followOwner = () => {
  for (const sign of SIGNS_OF_WORK) addEventListener(sign, noteActivity, { passive: true });
  setInterval(poll, INTERVAL_MS);
  for (const name of ["request-changed", "session-used"]) document.addEventListener(name, poll);
};
