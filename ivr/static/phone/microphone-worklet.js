// An AudioWorklet module: microphone.js adds it to the browser's audio thread, where the microphone's sound is brought
// to the telephone's rate and handed to the page in chunks of a tenth of a second.
class MicrophoneProcessor extends AudioWorkletProcessor {
  #rate;
  #step; // samples of the microphone for one of the telephone
  #sum = 0;
  #count = 0;
  #phase = 0;
  #chunk = [];

  constructor({ processorOptions }) {
    super();
    this.#rate = processorOptions.rate;
    this.#step = sampleRate / this.#rate;
  }

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.#sum += sample;
      this.#count += 1;
      this.#phase += 1;
      if (this.#phase >= this.#step) this.#push();
    }
    return true;
  }

  #push() {
    this.#phase -= this.#step;
    this.#chunk.push(this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
    if (this.#chunk.length === this.#rate / 10) {
      this.port.postMessage(Float32Array.from(this.#chunk));
      this.#chunk = [];
    }
  }
}

registerProcessor("microphone", MicrophoneProcessor);
