// The queue, and what a search finds in it: times that count, keys, and a list that refreshes itself.
import { byId } from "../shared/dom.js";
import { listenForShortcuts } from "../shared/keyboard-shortcuts.js";
import { refreshRegularly } from "./queue-refresh.js";
import { addQueueShortcuts } from "./queue-selection.js";
import { updateTimes } from "./queue-times.js";

const TICK_MS = 1000;

listenForShortcuts();
addQueueShortcuts();
updateTimes();
setInterval(updateTimes, TICK_MS);
if (byId("queue")) refreshRegularly();
