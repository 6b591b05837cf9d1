// The queue's list refreshes itself: what has the focus or is marked stays, and the rows in view stay where they are.
import { byId, setText } from "../shared/dom.js";
import { fetchInBackground } from "../shared/http.js";
import { selectedRow } from "./queue-selection.js";
import { updateTimes } from "./queue-times.js";

const INTERVAL_MS = 5000;
const REPLACED_IDS = ["line-state", "queue-tabs", "queue-summary", "queue-pages"];
const HEADER_PIXELS = 80; // what is above may be hidden
const list = byId("queue");
const rows = byId("queue-rows");
let etag = "";
let isPressed = false;
let isRefreshing = false;

const hasMarkedText = () => {
  const selection = getSelection();
  return selection.rangeCount > 0 && !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(list);
};

// What has the focus, such that it is found again: by its id, or as a link or button of a row.
const rememberFocus = () => {
  const element = document.activeElement;
  if (!list.contains(element)) return null;
  const row = element.closest("tr");
  const index = row ? [...rows.children].indexOf(row) : -1;
  return { element, id: element.id, rowId: row?.id, className: element.className, index };
};

const restoreFocus = (focus) => {
  if (!focus || document.activeElement === focus.element) return;
  const row = byId(focus.rowId) ?? rows.children[Math.min(focus.index, rows.children.length - 1)];
  const inRow = () => row?.getElementsByClassName(focus.className)[0] ?? row?.querySelector("a.open");
  const element = focus.id ? byId(focus.id) : inRow();
  element?.focus({ preventScroll: true });
};

const firstRowInView = () => [...rows.children].find((row) => row.getBoundingClientRect().bottom > HEADER_PIXELS);

// The row with the focus, or the first in view; none at the top of the page, where new rows should show.
const rememberScroll = () => {
  const row = selectedRow() ?? (scrollY > 0 ? firstRowInView() : null);
  return row ? { id: row.id, top: row.getBoundingClientRect().top } : null;
};

const restoreScroll = (anchor) => {
  const row = anchor && byId(anchor.id);
  if (row) scrollBy({ top: row.getBoundingClientRect().top - anchor.top, behavior: "instant" });
};

const replaceRows = (fresh) => {
  const wanted = [...fresh.children].map((row) => {
    const known = byId(row.id);
    return known && known.dataset.version === row.dataset.version ? known : row;
  });
  const gone = [...rows.children].filter((row) => !wanted.includes(row));
  for (const row of gone) row.remove();
  wanted.forEach((row, index) => {
    if (rows.children[index] !== row) rows.insertBefore(row, rows.children[index] ?? null);
  });
};

const replaceParts = (fresh) => {
  for (const id of REPLACED_IDS) {
    const [old, changed] = [byId(id), fresh.getElementById(id)];
    if (old.outerHTML !== changed.outerHTML) old.replaceWith(changed);
  }
  replaceRows(fresh.getElementById("queue-rows"));
  byId("queue-empty")?.remove();
  const empty = fresh.getElementById("queue-empty");
  if (empty) rows.closest(".table").append(empty);
};

const replaceList = (html) => {
  const [focus, anchor] = [rememberFocus(), rememberScroll()];
  const countBefore = byId("count-now").textContent;
  replaceParts(new DOMParser().parseFromString(html, "text/html"));
  updateTimes();
  restoreFocus(focus);
  restoreScroll(anchor);
  document.title = byId("queue-summary").dataset.title;
  const count = byId("count-now").textContent;
  if (count !== countBefore) setText(byId("queue-said"), `${count} to call now.`);
};

const fetchList = async () => {
  const headers = etag ? { "If-None-Match": etag } : {};
  const response = await fetchInBackground(list.dataset.list, { headers, cache: "no-store" });
  if (response.status === 401) {
    location.reload();
    return;
  }
  if (response.status === 200) {
    const html = await response.text();
    if (isPressed || hasMarkedText()) return;
    replaceList(html);
    etag = response.headers.get("ETag") ?? "";
  }
  list.classList.toggle("stale", response.status >= 400);
};

const refresh = async () => {
  if (isRefreshing || document.hidden || isPressed || hasMarkedText()) return;
  isRefreshing = true;
  try {
    await fetchList();
  } catch {
    list.classList.add("stale");
  } finally {
    isRefreshing = false;
  }
};

/** Refresh the list every few seconds, and when the page is shown again. */
export const refreshRegularly = () => {
  document.addEventListener("pointerdown", () => {
    isPressed = true;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      isPressed = false;
    });
  }
  setInterval(refresh, INTERVAL_MS);
  document.addEventListener("visibilitychange", refresh);
};
