// The times in the queue's rows: how long is left and how old a request is, counted on by the server's clock.
import { byId, setText } from "../shared/dom.js";
import { formatDuration } from "../shared/format.js";

const NEARLY_DUE = 0.75; // of the time that there is for a request

const browserNow = () => performance.timeOrigin + performance.now();
const list = byId("queue");
const serverAhead = list ? Date.parse(list.dataset.now) - browserNow() : 0;
const now = () => (list ? browserNow() + serverAhead : Date.now());

const dueInWords = (milliseconds, isNearlyDue) => {
  const span = formatDuration(Math.abs(milliseconds));
  if (milliseconds <= 0) return `${span} late`;
  return isNearlyDue ? `only ${span} left` : `in ${span}`;
};

const updateDue = (cell, at) => {
  const [since, due] = [Date.parse(cell.dataset.since), Date.parse(cell.dataset.actBy)];
  const isLate = at >= due;
  const isNearlyDue = !isLate && at - since >= NEARLY_DUE * (due - since);
  cell.classList.toggle("late", isLate);
  cell.classList.toggle("near", isNearlyDue);
  setText(cell.querySelector(".left"), dueInWords(due - at, isNearlyDue));
};

/** Write the times as they are now. */
export const updateTimes = () => {
  const at = now();
  for (const cell of document.querySelectorAll("td.due")) updateDue(cell, at);
  for (const cell of document.querySelectorAll("td.age")) {
    setText(cell, formatDuration(at - Date.parse(cell.dataset.created)));
  }
};
