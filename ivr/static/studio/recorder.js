// Recording with the microphone: the take goes to the server by the same form as a file does.
import { peakLevel, stopTracks } from "../shared/audio.js";
import { announce, byId } from "../shared/dom.js";

const LONGEST_SECONDS = 120;
const TOO_LOUD = 0.98; // of the largest sample that there is
const BITS_PER_SECOND = 128000;
const METER_SAMPLES = 2048;
const UNPROCESSED = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const [startButton, stopButton, dropButton] = ["record-start", "record-stop", "record-drop"].map(byId);
const meter = byId("level");
let recorder = null;
let isKept = false;

const announceState = (message, isError) => announce(byId("record-state"), message, isError);

const showRecording = (isRecording) => {
  startButton.disabled = isRecording;
  stopButton.disabled = !isRecording;
  dropButton.disabled = !isRecording;
};

const fileName = (type) => {
  if (type.includes("mp4")) return "take.m4a";
  return type.includes("ogg") ? "take.ogg" : "take.webm";
};

const upload = async (take) => {
  announceState("Sending the recording.");
  const form = byId("upload");
  const body = new FormData(form);
  body.set("take", take, fileName(take.type));
  body.set("source", "browser");
  try {
    const response = await fetch(form.action, { method: "POST", body });
    if (!response.ok) throw new Error(String(response.status));
    location.reload();
  } catch {
    announceState("The recording could not be sent. Reload the page; you may have been signed out.", true);
  }
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
    announceState(`Recording: ${seconds} seconds${warning}`, isTooLoud);
    if (seconds >= LONGEST_SECONDS) stopButton.click();
    requestAnimationFrame(update);
  };
  update();
};

const onStopped = async (context, stream, parts) => {
  stopTracks(stream);
  await context.close();
  showRecording(false);
  meter.value = 0;
  const type = recorder.mimeType;
  recorder = null;
  if (isKept) await upload(new Blob(parts, { type }));
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
  const stream = await openMicrophone();
  if (!stream) return;
  const context = new AudioContext();
  const parts = [];
  recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS_PER_SECOND });
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => onStopped(context, stream, parts));
  recorder.start();
  showRecording(true);
  stopButton.focus();
  runMeter(context, stream);
};

const stopRecording = (keep) => {
  isKept = keep;
  if (recorder?.state === "recording") recorder.stop();
};

/** Show the recorder, where the browser can record. */
export const setUpRecorder = () => {
  const box = byId("recorder");
  if (!box || !navigator.mediaDevices || typeof MediaRecorder === "undefined") return;
  box.hidden = false;
  startButton.addEventListener("click", startRecording);
  stopButton.addEventListener("click", () => stopRecording(true));
  dropButton.addEventListener("click", () => stopRecording(false));
};
