// An import's page: how far the worker is, every second; what became of each file is shown when it is done.
import { fetchInBackground } from "../shared/http.js";

const INTERVAL_MS = 1000;

const show = (id, done, all) => {
  const bar = document.getElementById(id);
  bar.max = all || 1;
  bar.value = done;
  document.getElementById(`${id}-told`).textContent = `${done} of ${all || "?"}`;
};

const poll = async (url) => {
  const response = await fetchInBackground(url);
  if (response.ok) {
    const far = await response.json();
    show("looked-at", far.looked_at, far.files);
    show("made", far.versions - far.being_made, far.versions);
    if (!far.under_way) {
      location.reload();
      return;
    }
  }
  setTimeout(poll, INTERVAL_MS, url);
};

const underWay = document.getElementById("under-way");
if (underWay) setTimeout(poll, INTERVAL_MS, underWay.dataset.progress);
