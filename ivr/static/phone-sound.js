// What the telephone sounds like: the line's clips, the keys' tones, the beep; and what the microphone hears.
const TONES = {
  1: [697, 1209], 2: [697, 1336], 3: [697, 1477], 4: [770, 1209], 5: [770, 1336], 6: [770, 1477],
  7: [852, 1209], 8: [852, 1336], 9: [852, 1477], "*": [941, 1209], 0: [941, 1336], "#": [941, 1477],
}
const RATE = 8000
const LOUD = 0.015
const QUIET_AFTER = 0.6

export class Speaker {
  #clip = new Audio()
  #context = null
  #take = null
  volume = 0.9
  speed = 1

  // Browsers allow sound only after a click or a key: call this then.
  wake() {
    this.#context ??= new AudioContext()
    this.#context.resume()
    return this.#context
  }

  play(url) {
    this.cut()
    this.#clip.src = url
    this.adjust()
    this.#clip.play().catch(() => {})
  }

  adjust() {
    this.#clip.volume = this.volume
    this.#clip.playbackRate = this.speed
  }

  // What the microphone took, which no server has in a trial.
  async again(take) {
    this.cut()
    const context = this.wake()
    this.#take = context.createBufferSource()
    this.#take.connect(context.destination)
    this.#take.buffer = await context.decodeAudioData(await take.arrayBuffer())
    this.#take?.start()
  }

  cut() {
    this.#clip.pause()
    this.#take?.disconnect()
    this.#take = null
    globalThis.speechSynthesis?.cancel()
  }

  get playing() { return !this.#clip.paused && !this.#clip.ended }

  say(words) {
    this.cut()
    const speech = new SpeechSynthesisUtterance(words)
    speech.volume = this.volume
    speech.rate = this.speed
    globalThis.speechSynthesis?.speak(speech)
  }

  tone(frequencies, seconds) {
    const context = this.wake()
    const gain = context.createGain()
    gain.gain.value = 0.12 * this.volume
    gain.connect(context.destination)
    for (const frequency of frequencies) {
      const oscillator = context.createOscillator()
      oscillator.frequency.value = frequency
      oscillator.connect(gain)
      oscillator.start()
      oscillator.stop(context.currentTime + seconds)
    }
  }

  key(key) { this.tone(TONES[key], 0.14) }
  beep() { this.tone([1000], 0.4) }
  ring() { this.tone([440, 480], 1) }
}

export class Microphone {
  #samples = []
  #taking = false
  #speaking = false
  #quiet = 0

  // Asks for the microphone; `onVoice` hears when speaking begins and ends.
  static async open(context, onVoice) {
    const stream = await navigator.mediaDevices.getUserMedia({audio: true})
    await context.audioWorklet.addModule("/console/static/phone-mic.js")
    const microphone = new Microphone()
    const node = new AudioWorkletNode(context, "take", {processorOptions: {rate: RATE}})
    node.port.onmessage = event => microphone.#hear(event.data, onVoice)
    context.createMediaStreamSource(stream).connect(node)
    microphone.close = () => { stream.getTracks().forEach(track => track.stop()); node.disconnect() }
    return microphone
  }

  begin() { this.#samples = []; this.#speaking = false; this.#quiet = 0; this.#taking = true }

  // The take as a WAV: 8 kHz, 16 bits, one channel.
  end() {
    this.#taking = false
    const length = this.#samples.reduce((sum, part) => sum + part.length, 0)
    const view = new DataView(new ArrayBuffer(44 + length * 2))
    const text = (at, words) => [...words].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)))
    text(0, "RIFF"); view.setUint32(4, 36 + length * 2, true); text(8, "WAVEfmt "); view.setUint32(16, 16, true)
    view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, RATE, true)
    view.setUint32(28, RATE * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true)
    text(36, "data"); view.setUint32(40, length * 2, true)
    let at = 44
    for (const part of this.#samples) for (const one of part) {
      view.setInt16(at, Math.max(-1, Math.min(1, one)) * 32767, true)
      at += 2
    }
    return new Blob([view], {type: "audio/wav"})
  }

  #hear(part, onVoice) {
    if (!this.#taking) return
    this.#samples.push(part)
    const loud = Math.sqrt(part.reduce((sum, one) => sum + one * one, 0) / part.length) > LOUD
    this.#quiet = loud ? 0 : this.#quiet + part.length / RATE
    if (loud && !this.#speaking) { this.#speaking = true; onVoice(true) }
    if (this.#speaking && this.#quiet > QUIET_AFTER) { this.#speaking = false; onVoice(false) }
  }
}
