// A prompt's page in the studio: hear its versions, record one, write one, and see when the worker has made it.
import { listenForShortcuts } from "../shared/keyboard-shortcuts.js";
import { setUpPlayers } from "../shared/player.js";
import { setUpRecorder } from "./recorder.js";
import { estimateScript } from "./script-estimate.js";
import { waitForVersions } from "./version-progress.js";

listenForShortcuts();
setUpPlayers();
setUpRecorder();
estimateScript();
waitForVersions();
