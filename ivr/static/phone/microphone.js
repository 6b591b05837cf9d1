// What the caller says into the microphone: heard for when it begins and ends, and kept while the line records.
import { encodeWav, rmsLevel, stopTracks } from "../shared/audio.js";

const RATE = 8000; // samples a second, as on the telephone
const LOUD_LEVEL = 0.015;
const PAUSE_SECONDS = 0.6; // of quiet, after which speaking has ended
const WORKLET = new URL("./microphone-worklet.js", import.meta.url);

export class Microphone {
  #stream;
  #node;
  #onVoice;
  #chunks = [];
  #isRecording = false;
  #isSpeaking = false;
  #quietSeconds = 0;

  /** Ask for the microphone; `onVoice` is called with true and false when speaking begins and ends. */
  static async open(context, onVoice) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    await context.audioWorklet.addModule(WORKLET);
    const node = new AudioWorkletNode(context, "microphone", { processorOptions: { rate: RATE } });
    context.createMediaStreamSource(stream).connect(node);
    return new Microphone(stream, node, onVoice);
  }

  constructor(stream, node, onVoice) {
    this.#stream = stream;
    this.#node = node;
    this.#onVoice = onVoice;
    node.port.addEventListener("message", ({ data }) => this.#hear(data));
    node.port.start();
  }

  /** Let go of the microphone. */
  close() {
    stopTracks(this.#stream);
    this.#node.disconnect();
  }

  /** Begin to record. */
  begin() {
    this.#chunks = [];
    this.#isSpeaking = false;
    this.#quietSeconds = 0;
    this.#isRecording = true;
  }

  /** End the recording, and return it as a WAV file. */
  end() {
    this.#isRecording = false;
    return encodeWav(this.#chunks, RATE);
  }

  #hear(chunk) {
    if (!this.#isRecording) return;
    this.#chunks.push(chunk);
    const isLoud = rmsLevel(chunk) > LOUD_LEVEL;
    this.#quietSeconds = isLoud ? 0 : this.#quietSeconds + chunk.length / RATE;
    if (isLoud && !this.#isSpeaking) this.#setSpeaking(true);
    if (this.#isSpeaking && this.#quietSeconds > PAUSE_SECONDS) this.#setSpeaking(false);
  }

  #setSpeaking(isSpeaking) {
    this.#isSpeaking = isSpeaking;
    this.#onVoice(isSpeaking);
  }
}
