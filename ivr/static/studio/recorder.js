// Recording with the microphone: the take goes to the server by the same form as a file does, and stays here until then.
import { peakLevel, stopTracks } from "../shared/audio.js";
import { announce, byId } from "../shared/dom.js";
import { forgetTake, keepTake, readTake } from "./kept-take.js";
import { areWordsUnsaved, saveWords } from "./script-form.js";
import { OFFLINE, REFUSED, SENT, SIGNED_OUT, send, whenBack } from "./sending.js";

const LONGEST_SECONDS = 120;
const TOO_LOUD = 0.98; // of the largest sample that there is
const BITS_PER_SECOND = 128000;
const METER_SAMPLES = 2048;
const UNPROCESSED = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const TOLD = {
  [SIGNED_OUT]: "You are signed out. Sign in in another tab and come back here: the recording is sent then.",
  [OFFLINE]: "The server cannot be reached. The recording is kept in this browser, and sent when it is back.",
};
const [startButton, stopButton, dropButton] = ["record-start", "record-stop", "record-drop"].map(byId);
const form = byId("upload");
const meter = byId("level");
let recorder = null;
let isKept = false;
let isSending = false;
let take = null;

const announceState = (message, isError) => announce(byId("record-state"), message, isError);

/** Whether somebody is recording, or has recorded what the server does not have yet. */
export const isTakeUnsent = () => recorder !== null || take !== null;

const showRecording = (isRecording) => {
  startButton.disabled = isRecording;
  stopButton.disabled = !isRecording;
  dropButton.disabled = !isRecording;
};

const fileName = (type) => {
  if (type.includes("mp4")) return "take.m4a";
  return type.includes("ogg") ? "take.ogg" : "take.webm";
};

// The take that is still here: it can be heard, sent again and forgotten.
const showKept = () => {
  const box = byId("kept-take");
  const sound = byId("kept-sound");
  if (sound.src) URL.revokeObjectURL(sound.src);
  if (take) sound.src = URL.createObjectURL(take.sound);
  else sound.removeAttribute("src");
  box.hidden = take === null;
  startButton.disabled = take !== null;
};

const forget = async () => {
  take = null;
  showKept();
  await forgetTake(form.action);
};

const sendTake = async () => {
  if (!take || isSending) return;
  isSending = true;
  announceState("Sending the recording.");
  const body = new FormData(form);
  body.set("take", take.sound, fileName(take.sound.type));
  body.set("words", take.words);
  body.set("source", "browser");
  const { outcome, message } = await send(form.action, body);
  isSending = false;
  if (outcome === SENT) {
    await forget();
    announceState(message);
    if (!areWordsUnsaved()) location.reload();
    return;
  }
  take.isRefused = outcome === REFUSED;
  announceState(message ?? TOLD[outcome], true);
  showKept();
};

const sendLater = () => {
  if (take && !take.isRefused) sendTake();
};

// Shows the level and the seconds at each frame, until the recording ends.
const runMeter = (context, stream) => {
  const analyser = context.createAnalyser();
  analyser.fftSize = METER_SAMPLES;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const began = performance.now();
  const update = () => {
    if (recorder?.state !== "recording") return;
    analyser.getFloatTimeDomainData(samples);
    const peak = peakLevel(samples);
    meter.value = peak;
    const seconds = Math.floor((performance.now() - began) / 1000);
    const isTooLoud = peak > TOO_LOUD;
    const warning = isTooLoud ? ". Too loud: move back a little" : "";
    announceState(`Recording: ${seconds} of ${form.dataset.mostSeconds} seconds at most${warning}`, isTooLoud);
    if (seconds >= LONGEST_SECONDS) stopButton.click();
    requestAnimationFrame(update);
  };
  update();
};

const onStopped = async (context, stream, parts, words) => {
  stopTracks(stream);
  await context.close();
  showRecording(false);
  meter.value = 0;
  const type = recorder.mimeType;
  if (isKept) {
    take = { sound: new Blob(parts, { type }), words };
    await keepTake(form.action, take);
  }
  recorder = null;
  if (isKept) await sendTake();
  else announceState("Forgotten.");
};

const openMicrophone = async () => {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: UNPROCESSED });
  } catch {
    announceState("The microphone is not available. Allow it in the browser, or upload a file.", true);
    return null;
  }
};

const startRecording = async () => {
  if (areWordsUnsaved() && !(await saveWords())) {
    announceState("Not recording: the words you typed could not be saved first. See under Script.", true);
    return;
  }
  const stream = await openMicrophone();
  if (!stream) return;
  const context = new AudioContext();
  const parts = [];
  const words = form.elements.words.value;
  recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS_PER_SECOND });
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => onStopped(context, stream, parts, words));
  recorder.start();
  showRecording(true);
  stopButton.focus();
  runMeter(context, stream);
};

const stopRecording = (keep) => {
  isKept = keep;
  if (recorder?.state === "recording") recorder.stop();
};

const sendWhatIsKept = async () => {
  take = (await readTake(form.action)) ?? null;
  showKept();
  await sendTake();
};

/** Show the recorder, where the browser can record, and send what an earlier visit could not. */
export const setUpRecorder = () => {
  const box = byId("recorder");
  if (!box || !navigator.mediaDevices || typeof MediaRecorder === "undefined") return;
  box.hidden = false;
  startButton.addEventListener("click", startRecording);
  stopButton.addEventListener("click", () => stopRecording(true));
  dropButton.addEventListener("click", () => stopRecording(false));
  byId("kept-send").addEventListener("click", sendTake);
  byId("kept-forget").addEventListener("click", async () => {
    await forget();
    announceState("Forgotten.");
  });
  whenBack(sendLater);
  sendWhatIsKept();
};
