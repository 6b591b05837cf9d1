// The player of recordings: the browser's own audio element behind a waveform, a position to seek, steps and rates.
import { createElement, createSvgElement, setText } from "./dom.js";
import { formatClock } from "./format.js";
import { fetchInBackground } from "./http.js";
import { addShortcut } from "./keyboard-shortcuts.js";

const PLAYBACK_RATES = [0.75, 1, 1.25, 1.5, 1.75, 2];
const STEP_SECONDS = 5;
const BAR_PIXELS = 4;
const HEIGHT_PIXELS = 64;
const END_SECONDS = 0.05; // the position stays this far before the end, so that playing goes on from it
const ARROW_STEPS = {
  ArrowLeft: -STEP_SECONDS,
  ArrowDown: -STEP_SECONDS,
  ArrowRight: STEP_SECONDS,
  ArrowUp: STEP_SECONDS,
};
const UNPLAYABLE = "The message cannot be played. Reload the page; you may have been signed out.";
const players = [];
let currentPlayer = null;

// Each play has an id of its own, so that the audit trail has one row for it, however many parts are fetched.
const newPlayId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// The waveform as a path of an SVG: one stroke for each bar, as high as the loudest of the levels (0 to 100) in it.
const waveformPath = (levels, width) => {
  if (!levels.length) return `M0 ${HEIGHT_PIXELS / 2}h${width}`;
  const count = Math.max(1, Math.min(levels.length, Math.floor(width / BAR_PIXELS)));
  const strokes = Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / count));
    const half = 1 + (Math.max(0, ...levels.slice(from, to)) / 100) * (HEIGHT_PIXELS / 2 - 3);
    const x = (((bar + 0.5) * width) / count).toFixed(1);
    return `M${x} ${(HEIGHT_PIXELS / 2 - half).toFixed(1)}v${(2 * half).toFixed(1)}`;
  });
  return strokes.join("");
};

class Player {
  constructor(box, number) {
    this.audio = box.querySelector("audio");
    this.url = box.dataset.sound;
    this.duration = Number(box.dataset.seconds) || 0;
    this.levels = [];
    this.startAt = 0; // seconds, while nothing is loaded
    this.isLoaded = false;
    this.hideBrowserControls();
    const wave = this.buildWaveform(number);
    const controls = this.buildControls();
    this.error = createElement("p", { class: "error", role: "alert", hidden: "" }, UNPLAYABLE);
    box.append(wave, controls, this.error);
    this.listenToControls();
    this.listenToAudio();
    this.fetchLevels(box.dataset.bars);
    this.update();
  }

  hideBrowserControls() {
    this.audio.removeAttribute("controls");
    this.audio.removeAttribute("src");
    this.audio.hidden = true;
  }

  buildWaveform(number) {
    const clipId = `played-${number}`;
    this.playedClip = createSvgElement("rect", { x: 0, y: 0, width: 0, height: HEIGHT_PIXELS });
    this.allBars = createSvgElement("path", { class: "bars" });
    this.playedBars = createSvgElement("path", { class: "bars played", "clip-path": `url(#${clipId})` });
    const clip = createSvgElement("defs", {}, createSvgElement("clipPath", { id: clipId }, this.playedClip));
    const attributes = { "aria-hidden": "true", preserveAspectRatio: "none" };
    this.waveform = createSvgElement("svg", attributes, clip, this.allBars, this.playedBars);
    const position = { type: "range", min: 0, step: 0.05, value: 0, "aria-label": "Position in the message" };
    this.positionInput = createElement("input", position);
    return createElement("div", { class: "wave" }, this.waveform, this.positionInput);
  }

  buildControls() {
    this.backButton = createElement("button", { type: "button", "aria-label": "5 seconds back" }, "−5 s");
    this.playButton = createElement("button", { type: "button", class: "primary play" });
    this.forwardButton = createElement("button", { type: "button", "aria-label": "5 seconds on" }, "+5 s");
    this.time = createElement("span", { class: "time number" });
    const options = PLAYBACK_RATES.map((rate) => new Option(`${rate}×`, rate, rate === 1, rate === 1));
    this.rateSelect = createElement("select", {}, ...options);
    const rate = createElement("label", { class: "speed" }, "Speed ", this.rateSelect);
    const buttons = [this.backButton, this.playButton, this.forwardButton];
    return createElement("div", { class: "controls" }, ...buttons, this.time, rate);
  }

  listenToControls() {
    this.playButton.addEventListener("click", () => this.togglePlaying());
    this.backButton.addEventListener("click", () => this.skip(-STEP_SECONDS));
    this.forwardButton.addEventListener("click", () => this.skip(STEP_SECONDS));
    this.positionInput.addEventListener("input", () => this.seek(Number(this.positionInput.value)));
    this.positionInput.addEventListener("keydown", (event) => this.skipByArrow(event));
    this.rateSelect.addEventListener("change", () => this.setPlaybackRate());
    new ResizeObserver(() => this.drawWaveform()).observe(this.waveform);
  }

  listenToAudio() {
    for (const name of ["timeupdate", "play", "pause", "ended", "seeked"]) {
      this.audio.addEventListener(name, () => this.update());
    }
    this.audio.addEventListener("play", () => this.updateWhilePlaying());
    this.audio.addEventListener("loadedmetadata", () => {
      if (Number.isFinite(this.audio.duration)) this.duration = this.audio.duration;
      if (this.startAt) this.audio.currentTime = this.startAt;
      this.setPlaybackRate();
      this.update();
    });
    this.audio.addEventListener("ended", () => {
      this.isLoaded = false;
      this.startAt = 0;
    });
    this.audio.addEventListener("error", () => {
      this.isLoaded = false;
      this.error.hidden = false;
      this.update();
    });
  }

  async fetchLevels(url) {
    const response = await fetchInBackground(url);
    if (!response.ok) return;
    const { bars, seconds } = await response.json();
    this.levels = bars;
    if (seconds) this.duration = seconds;
    this.drawWaveform();
  }

  togglePlaying() {
    currentPlayer = this;
    if (!this.audio.paused) {
      this.audio.pause();
      return;
    }
    if (!this.isLoaded) {
      this.isLoaded = true;
      this.error.hidden = true;
      this.audio.src = `${this.url}?play=${newPlayId()}`;
    }
    for (const other of players) if (other !== this) other.audio.pause();
    this.audio.play().catch(() => this.update());
  }

  skip(seconds) {
    currentPlayer = this;
    this.seek(this.position + seconds);
  }

  seek(seconds) {
    this.startAt = Math.min(Math.max(0, seconds), Math.max(0, this.duration - END_SECONDS));
    if (this.isLoaded && this.audio.readyState) this.audio.currentTime = this.startAt;
    this.update();
  }

  skipByArrow(event) {
    if (!(event.key in ARROW_STEPS)) return;
    event.preventDefault();
    this.skip(ARROW_STEPS[event.key]);
  }

  setPlaybackRate() {
    const rate = Number(this.rateSelect.value);
    this.audio.defaultPlaybackRate = rate;
    this.audio.playbackRate = rate;
  }

  get position() {
    return this.isLoaded && this.audio.readyState ? this.audio.currentTime : this.startAt;
  }

  get width() {
    return this.waveform.clientWidth || 1;
  }

  updateWhilePlaying() {
    if (this.audio.paused) return;
    this.update();
    requestAnimationFrame(() => this.updateWhilePlaying());
  }

  update() {
    const { position, duration } = this;
    this.positionInput.max = duration;
    this.positionInput.value = position;
    const inWords = `${Math.round(position)} of ${Math.round(duration)} seconds`;
    this.positionInput.setAttribute("aria-valuetext", inWords);
    setText(this.playButton, this.audio.paused ? "Play" : "Pause");
    const [now, all, left] = [position, duration, duration - position].map((one) => formatClock(Math.round(one)));
    this.time.textContent = `${now} of ${all}, ${left} left`;
    this.playedClip.setAttribute("width", (duration ? position / duration : 0) * this.width);
  }

  drawWaveform() {
    const path = waveformPath(this.levels, this.width);
    this.waveform.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT_PIXELS}`);
    this.allBars.setAttribute("d", path);
    this.playedBars.setAttribute("d", path);
    this.update();
  }
}

/** Make players of the page's `.player` boxes; keys act on the one that was used last, at first on the first. */
export const setUpPlayers = () => {
  document.querySelectorAll(".player").forEach((box, number) => players.push(new Player(box, number)));
  if (!players.length) return;
  [currentPlayer] = players;
  addShortcut(" ", "Play or pause the message", () => currentPlayer.togglePlaying());
  addShortcut(",", "5 seconds back", () => currentPlayer.skip(-STEP_SECONDS));
  addShortcut(".", "5 seconds on", () => currentPlayer.skip(STEP_SECONDS));
};
