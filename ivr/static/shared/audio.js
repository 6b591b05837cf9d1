// Sound as samples between -1 and 1: its level, a file of it, and letting go of a microphone.
const WAV_HEADER_BYTES = 44;

/** The largest sample. */
export const peakLevel = (samples) => samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);

/** The root mean square of the samples. */
export const rmsLevel = (samples) =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** Let go of the microphone: the browser's sign of it goes out. */
export const stopTracks = (stream) => {
  for (const track of stream.getTracks()) track.stop();
};

const writeWavHeader = (view, sampleCount, rate) => {
  const text = (offset, letters) =>
    [...letters].forEach((letter, index) => view.setUint8(offset + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + sampleCount * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of the format that follows
  view.setUint16(20, 1, true); // linear PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true); // bytes a second
  view.setUint16(32, 2, true); // bytes of a sample of all channels
  view.setUint16(34, 16, true); // bits of a sample
  text(36, "data");
  view.setUint32(40, sampleCount * 2, true);
};

/** Chunks of samples as one WAV file: 16 bits, one channel, `rate` samples a second. */
export const encodeWav = (chunks, rate) => {
  const sampleCount = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const view = new DataView(new ArrayBuffer(WAV_HEADER_BYTES + sampleCount * 2));
  writeWavHeader(view, sampleCount, rate);
  let offset = WAV_HEADER_BYTES;
  for (const chunk of chunks) {
    for (const sample of chunk) {
      view.setInt16(offset, Math.max(-1, Math.min(1, sample)) * 32767, true);
      offset += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
};
