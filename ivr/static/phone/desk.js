// A desk's telephone: rings when a caller asks for a person, and takes the call with 1.
import { byId, setText } from "../shared/dom.js";
import { sendInOrder, streamEvents } from "./event-stream.js";
import { speaker } from "./speaker.js";

const RING_INTERVAL_MS = 3000;
const BUTTONS = { 1: byId("accept"), 2: byId("decline"), end: byId("end") };
const WAITING = "Waiting for a call";
let callToken = null;
let ringTimer = 0;

const showState = (message, { isRinging = false, isTalking = false } = {}) => {
  setText(byId("state"), message);
  BUTTONS[1].disabled = !isRinging;
  BUTTONS[2].disabled = !isRinging;
  BUTTONS.end.disabled = !isTalking;
  clearInterval(ringTimer);
  if (!isRinging) return;
  speaker.ring();
  ringTimer = setInterval(() => speaker.ring(), RING_INTERVAL_MS);
};

const press = (key) => {
  if (!callToken || BUTTONS[key].disabled) return;
  sendInOrder(`/phone/calls/${callToken}`, { do: "desk", key });
  const isTalking = key === "1";
  showState(isTalking ? "The caller is being connected" : WAITING, { isTalking });
};

const endCall = (message) => {
  callToken = null;
  showState(message);
};

const handlers = {
  ready: () => showState(WAITING),
  ring: ({ call }) => {
    callToken = call;
    showState("A caller asks for a person", { isRinging: true });
  },
  stop: ({ call, accepted }) => {
    if (call === callToken && !accepted) endCall(WAITING);
  },
  over: ({ call }) => {
    if (call === callToken) endCall("The call is over. Waiting for the next one");
  },
};

const onKeyDown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "1" || event.key === "2") press(event.key);
};

for (const [key, button] of Object.entries(BUTTONS)) button.addEventListener("click", () => press(key));
document.addEventListener("keydown", onKeyDown);
try {
  await streamEvents("/phone/desk/rings", {}, (event) => handlers[event.type]?.(event));
  showState("The connection ended. Reload the page.");
} catch (error) {
  showState(error.message);
}
