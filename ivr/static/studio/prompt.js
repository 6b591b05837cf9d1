// A prompt's page in the studio: hear its versions, record one, write one, and see when the worker has made it.
import { listenForShortcuts } from "../shared/keyboard-shortcuts.js";
import { setUpPlayers } from "../shared/player.js";
import { isTakeUnsent, setUpRecorder } from "./recorder.js";
import { estimateScript } from "./script-estimate.js";
import { areWordsUnsaved, setUpScriptForm } from "./script-form.js";
import { setUpSentence } from "./sentence.js";
import { waitForVersions } from "./version-progress.js";

listenForShortcuts();
setUpPlayers();
setUpRecorder();
setUpScriptForm(isTakeUnsent);
setUpSentence();
estimateScript();

const isSomebodyWorking = () => isTakeUnsent() || areWordsUnsaved();
waitForVersions(isSomebodyWorking);
addEventListener("beforeunload", (event) => {
  if (isSomebodyWorking()) event.preventDefault();
});
