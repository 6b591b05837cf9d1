// A session of recording: the recorder and the running order by key.
import { byId } from "../shared/dom.js";
import { addShortcut, listenForShortcuts, listShortcut } from "../shared/keyboard-shortcuts.js";
import { setUpPlayers } from "../shared/player.js";
import { isTakeUnsent, setUpRecorder } from "./recorder.js";
import { waitForVersions } from "./version-progress.js";

const press = (id) => () => {
  const element = byId(id);
  if (element && !element.disabled) element.click();
};

// Nobody leaves a recording behind by the key.
const go = (id) => () => {
  if (!isTakeUnsent()) press(id)();
};

addShortcut("r", "Record", press("record-start"));
listShortcut(" ", "Stop and keep");
addShortcut("x", "Stop and forget", press("record-drop"));
addShortcut("n", "Next prompt", go("session-next"));
addShortcut("b", "Prompt before", go("session-before"));
listenForShortcuts();
setUpPlayers();
setUpRecorder();
waitForVersions(isTakeUnsent);
addEventListener("beforeunload", (event) => {
  if (isTakeUnsent()) event.preventDefault();
});
