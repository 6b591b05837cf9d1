// News of the queue on every page: how much is urgent, in the title; a new urgent request and a new assignment, in a
// banner; a sound and a notice of the browser for those who want them. Nothing in it tells who a patient is.
import { byId, createElement } from "../shared/dom.js";
import { fetchInBackground } from "../shared/http.js";

const INTERVAL_MS = 10_000;
const OPTION_ITEM = "urgent-"; // with the option's name, in the browser's local storage
const KNOWN_ITEM = "news"; // in the tab's storage: what came between its last page and this one is told on this one
const SECONDS_OF_SOUND = 0.6;
const HIGH_HZ = 880;
const LOW_HZ = 660;
const address = document.body.dataset.news;
let known = JSON.parse(sessionStorage.getItem(KNOWN_ITEM));
let timer = 0;

const isWanted = (option) => localStorage.getItem(OPTION_ITEM + option) === "yes";

const showInTitle = ({ urgent }) => {
  if (byId("queue")) return; // its list writes the title itself
  const plain = document.title.replace(/^\(\d+\+? urgent\) /, "");
  document.title = urgent ? `(${urgent} urgent) ${plain}` : plain;
};

const showBanner = (text, href, label) => {
  byId("news-banner")?.remove();
  const close = createElement("button", { type: "button", class: "small" }, "Close");
  const banner = createElement(
    "div",
    { id: "news-banner", class: "message warn news-banner", role: "alert" },
    createElement("span", {}, text),
    createElement("a", { href }, label),
    close,
  );
  close.addEventListener("click", () => banner.remove());
  document.body.append(banner);
};

const playSound = () => {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: HIGH_HZ });
  const gain = new GainNode(context, { gain: 0.15 });
  oscillator.connect(gain).connect(context.destination);
  oscillator.frequency.setValueAtTime(LOW_HZ, context.currentTime + SECONDS_OF_SOUND / 2);
  oscillator.start();
  oscillator.stop(context.currentTime + SECONDS_OF_SOUND);
  oscillator.addEventListener("ended", () => context.close());
};

const showNotice = (text) => {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const notice = new Notification(text, { tag: "urgent-request" });
  notice.addEventListener("click", () => document.defaultView.focus());
};

const tellUrgent = (id) => {
  const text = "A new urgent request is waiting.";
  showBanner(text, `/console/requests/${id}`, "Open it");
  if (isWanted("sound")) playSound();
  if (isWanted("notification")) showNotice(text);
};

const tell = (news) => {
  showInTitle(news);
  if (known && (news.newest_urgent ?? 0) > (known.newest_urgent ?? 0)) tellUrgent(news.newest_urgent);
  else if (known && news.assigned_at && news.assigned_at > (known.assigned_at ?? "")) {
    showBanner(`${news.assigned} assigned to you now.`, "/console/day", "My day");
  }
  known = { ...news, newest_urgent: Math.max(news.newest_urgent ?? 0, known?.newest_urgent ?? 0) };
  sessionStorage.setItem(KNOWN_ITEM, JSON.stringify(known));
};

const ask = async () => {
  try {
    const response = await fetchInBackground(address, { cache: "no-store" });
    if (response.ok) tell(await response.json());
    else if (response.status === 401) clearInterval(timer);
  } catch {
    // Offline for a moment: the next time tells.
  }
};

const prepareOption = (checkbox) => {
  const option = checkbox.dataset.newsOption;
  checkbox.checked = isWanted(option);
  checkbox.addEventListener("change", async () => {
    if (checkbox.checked && option === "notification") {
      checkbox.checked = (await Notification.requestPermission()) === "granted";
    }
    if (checkbox.checked) localStorage.setItem(OPTION_ITEM + option, "yes");
    else localStorage.removeItem(OPTION_ITEM + option);
    if (checkbox.checked && option === "sound") playSound();
  });
};

for (const checkbox of document.querySelectorAll("[data-news-option]")) {
  checkbox.closest("[hidden]")?.removeAttribute("hidden");
  prepareOption(checkbox);
}
ask();
timer = setInterval(ask, INTERVAL_MS);
