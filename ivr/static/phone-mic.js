// Hands the microphone's sound to the page in pieces of a tenth of a second, brought to the telephone's rate.
class Take extends AudioWorkletProcessor {
  constructor({processorOptions}) {
    super()
    this.rate = processorOptions.rate
    this.step = sampleRate / this.rate
    this.sum = this.count = this.phase = 0
    this.piece = []
  }

  process([[channel]]) {
    for (const one of channel ?? []) {
      this.sum += one
      this.count++
      if (++this.phase < this.step) continue
      this.phase -= this.step
      this.piece.push(this.sum / this.count)
      this.sum = this.count = 0
      if (this.piece.length === this.rate / 10) {
        this.port.postMessage(Float32Array.from(this.piece))
        this.piece = []
      }
    }
    return true
  }
}
registerProcessor("take", Take)
