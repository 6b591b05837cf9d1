// The telephone on the page: keys and voice go to the call, and its events are played and shown.
import { byId, setText } from "../shared/dom.js";
import { post } from "../shared/http.js";
import { CallClock } from "./call-clock.js";
import { addTranscriptLine, addTwiml, clearCall, showClock, showStanding, showState } from "./call-view.js";
import { sendInOrder, streamEvents } from "./event-stream.js";
import { Microphone } from "./microphone.js";
import { speaker } from "./speaker.js";

const PHASES = {
  PROMPT: "The line speaks; keys are not heard now",
  GATHER_PROMPT: "The line speaks; a key cuts in",
  ANSWER: "The line waits for keys",
  RECORDING: "Recording: speak, then press pound",
  RINGING: "Ringing the desk",
  BRIDGED: "Connected with the desk",
};
const ENDS = { caller: "you hung up", line: "the line hung up", error: "an error ended it" };
const INTERRUPTIBLE_PHASES = new Set(["GATHER_PROMPT", "ANSWER"]);
const UNSPOKEN_KINDS = new Set(["silence", "wait", "pause"]);
const SHOWN_KEYS = 12;
const KEY_DOWN_MS = 150;
const CLOCK_INTERVAL_MS = 250;
const [callButton, hangUpButton, microphoneBox, hearsSelect] = ["call", "hang-up", "microphone", "hears"].map(byId);
// Whether this is a trial: then no server has what was recorded, and the page plays its own take back.
const isTrial = hearsSelect !== null;
const clock = new CallClock();
let callToken = null;
let phase = "";
let microphone = null;
let take = null;
let clockTimer = 0;

const send = (message) => {
  if (callToken) sendInOrder(`/phone/calls/${callToken}`, message);
};

const press = (key) => {
  speaker.key(key);
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), KEY_DOWN_MS);
  if (!callToken) return;
  if (INTERRUPTIBLE_PHASES.has(phase)) speaker.cut();
  setText(byId("keyed"), (byId("keyed").textContent + key).slice(-SHOWN_KEYS));
  send({ do: "key", key });
};

const setCalling = (isCalling) => {
  for (const field of [byId("from"), microphoneBox, hearsSelect]) if (field) field.disabled = isCalling;
  hangUpButton.disabled = !isCalling;
};

const endCall = ({ by, error, seconds }) => {
  speaker.cut();
  microphone?.close();
  showState(`The call is over: ${ENDS[by]}`);
  if (error) addTranscriptLine("carrier", error);
  if (seconds) showClock(seconds);
  callToken = null;
  phase = "";
  callButton.disabled = false;
  setCalling(false);
  clearInterval(clockTimer);
};

const openMicrophone = async (context) => {
  if (!microphoneBox.checked) return null;
  try {
    return await Microphone.open(context, (on) => send({ do: "voice", on }));
  } catch {
    microphoneBox.checked = false;
    addTranscriptLine("carrier", "No microphone: a sample is recorded instead.");
    return null;
  }
};

const playEntry = ({ who, kind, url, text }) => {
  if (who !== "line") return;
  if (isTrial && kind === "play" && !url.startsWith("/media/prompts/")) {
    if (take) speaker.playTake(take);
    else speaker.cut();
  } else if (kind === "play" || kind === "silence") {
    speaker.play(url);
  } else if (kind === "say") {
    speaker.say(text);
  } else if (kind === "beep") {
    speaker.cut();
    speaker.beep();
  } else if (kind === "tones") {
    speaker.beep();
  }
};

const handlers = {
  begun: ({ call }) => {
    callToken = call;
    setCalling(true);
    clock.seconds = 0;
    clockTimer = setInterval(() => showClock(clock.seconds), CLOCK_INTERVAL_MS);
  },
  entry: (entry) => {
    clock.seconds = entry.at;
    playEntry(entry);
    if (entry.kind === "webhook") {
      if (entry.document) addTwiml(entry);
    } else if (!UNSPOKEN_KINDS.has(entry.kind)) {
      addTranscriptLine(entry.who, entry.text, entry.at, entry.draft);
    }
    if (entry.kind === "key" || entry.kind === "hangup") speaker.cut();
  },
  phase: (event) => {
    ({ phase } = event);
    showState(PHASES[phase]);
    if (phase === "RECORDING") microphone?.begin();
    if (phase === "RINGING") speaker.ring();
  },
  standing: showStanding,
  recorded: () => {
    if (!microphone) return;
    take = microphone.end();
    post(`/phone/calls/${callToken}/sound`, take, { headers: { "Content-Type": "audio/wav" } });
  },
  over: endCall,
};

const dial = async () => {
  if (callButton.disabled) return;
  const context = speaker.wake();
  callButton.disabled = true;
  clearCall();
  microphone = await openMicrophone(context);
  showState("Calling");
  const settings = {
    from: byId("from").value,
    speed: speaker.playbackRate,
    microphone: microphone !== null,
    drafts: hearsSelect?.value === "drafts",
  };
  try {
    await streamEvents("/phone/calls", settings, (event) => handlers[event.type]?.(event));
    if (callToken) endCall({ by: "error", error: "The connection to the server ended." });
  } catch (error) {
    endCall({ by: "error", error: error.message });
  }
};

const hangUp = () => {
  if (!callToken) return;
  speaker.cut();
  send({ do: "hang-up" });
};

const setSpeed = (speed) => {
  clock.setRate(speed);
  speaker.playbackRate = speed;
  send({ do: "speed", speed });
};

const onKeyDown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("select, input[type=range]")) return;
  const key = event.key.toLowerCase();
  if ("0123456789*#".includes(key)) press(key);
  else if (key === "c") dial();
  else if (key === "h") hangUp();
};

callButton.addEventListener("click", dial);
hangUpButton.addEventListener("click", hangUp);
byId("keypad").addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (button) press(button.dataset.key);
});
byId("volume").addEventListener("input", (event) => {
  speaker.volume = Number(event.target.value);
});
byId("speed").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
document.addEventListener("keydown", onKeyDown);
