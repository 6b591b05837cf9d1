// The page of opening hours: tells while a closure's greeting is typed about how long it lasts.
import { announce, byId } from "../shared/dom.js";
import { speakingSeconds, spokenUnits } from "../shared/speaking-time.js";

const greeting = byId("greeting");

const announceLength = () => {
  const longest = Number(greeting.dataset.mostSeconds);
  const { words, digits } = spokenUnits(greeting.value);
  const count = words.length + digits.length;
  const seconds = Math.round(speakingSeconds(count, Number(greeting.dataset.wordsAMinute)));
  const isTooLong = seconds > longest;
  const message = `About ${seconds} seconds${isTooLong ? `: too long, ${longest} are the most` : ""}`;
  announce(byId("greeting-length"), count ? message : "", isTooLong);
  greeting.setAttribute("aria-invalid", String(isTooLong));
};

// Who may only look at the hours has no form.
if (greeting) {
  greeting.addEventListener("input", announceLength);
  announceLength();
}
