// What is heard of the telephone: the line's clips and words, the keys' tones, the beep, and the ringing.
const DTMF = {
  1: [697, 1209],
  2: [697, 1336],
  3: [697, 1477],
  4: [770, 1209],
  5: [770, 1336],
  6: [770, 1477],
  7: [852, 1209],
  8: [852, 1336],
  9: [852, 1477],
  "*": [941, 1209],
  0: [941, 1336],
  "#": [941, 1477],
};
const BEEP = [1000];
const RINGING = [440, 480];
const TONE_GAIN = 0.12;
const voice = typeof speechSynthesis === "undefined" ? null : speechSynthesis; // not every browser has one

class Speaker {
  #clip = new Audio();
  #context = null;
  #take = null;
  #volume = 0.9;
  #playbackRate = 1;

  /** Make the audio context run, and return it. Browsers allow sound only after a click or a key: call this then. */
  wake() {
    this.#context ??= new AudioContext();
    this.#context.resume();
    return this.#context;
  }

  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    this.#volume = volume;
    this.#clip.volume = volume;
  }

  get playbackRate() {
    return this.#playbackRate;
  }

  set playbackRate(rate) {
    this.#playbackRate = rate;
    this.#clip.playbackRate = rate;
  }

  /** Whether a clip is being played. */
  get playing() {
    return !this.#clip.paused && !this.#clip.ended;
  }

  play(url) {
    this.cut();
    this.#clip.src = url;
    this.#clip.volume = this.volume;
    this.#clip.playbackRate = this.playbackRate;
    this.#clip.play().catch(() => {});
  }

  /** Play what the microphone took, which no server has in a trial. */
  async playTake(take) {
    this.cut();
    const context = this.wake();
    this.#take = context.createBufferSource();
    this.#take.connect(context.destination);
    this.#take.buffer = await context.decodeAudioData(await take.arrayBuffer());
    this.#take?.start();
  }

  /** Speak words with the browser's own voice. */
  say(words) {
    this.cut();
    const speech = new SpeechSynthesisUtterance(words);
    speech.volume = this.volume;
    speech.rate = this.playbackRate;
    voice?.speak(speech);
  }

  /** End what is played or spoken, at once. */
  cut() {
    this.#clip.pause();
    this.#take?.disconnect();
    this.#take = null;
    voice?.cancel();
  }

  key(key) {
    this.#tone(DTMF[key], 0.14);
  }

  beep() {
    this.#tone(BEEP, 0.4);
  }

  ring() {
    this.#tone(RINGING, 1);
  }

  #tone(frequencies, seconds) {
    const context = this.wake();
    const gain = context.createGain();
    gain.gain.value = TONE_GAIN * this.volume;
    gain.connect(context.destination);
    for (const frequency of frequencies) {
      const oscillator = context.createOscillator();
      oscillator.frequency.value = frequency;
      oscillator.connect(gain);
      oscillator.start();
      oscillator.stop(context.currentTime + seconds);
    }
  }
}

/** The page's one loudspeaker. */
export const speaker = new Speaker();
