// Versions that the worker is still making: the page is reloaded when one is done, unless somebody is at work on it.
import { fetchInBackground } from "../shared/http.js";

const INTERVAL_MS = 1000;

const poll = async (urls, isSomebodyWorking) => {
  const responses = await Promise.all(urls.map((url) => fetchInBackground(url)));
  const versions = await Promise.all(responses.filter(({ ok }) => ok).map((response) => response.json()));
  const isOneDone = versions.some(({ waits }) => !waits);
  if (isOneDone && !isSomebodyWorking()) location.reload();
  else setTimeout(poll, INTERVAL_MS, urls, isSomebodyWorking);
};

/** Ask for the versions that are being made, every second. */
export const waitForVersions = (isSomebodyWorking) => {
  const urls = [...document.querySelectorAll("[data-progress]")].map((element) => element.dataset.progress);
  if (urls.length) setTimeout(poll, INTERVAL_MS, urls, isSomebodyWorking);
};
