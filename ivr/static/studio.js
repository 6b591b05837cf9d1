// The studio's page of a prompt: recording with the microphone, what a wording will sound like, and waiting for the worker.

// ---- Recording: the take goes to the server by the same form as a file does.
(() => {
  const box = document.getElementById("recorder");
  if (!box || !navigator.mediaDevices || !window.MediaRecorder) return;
  const start = document.getElementById("record-start");
  const stop = document.getElementById("record-stop");
  const drop = document.getElementById("record-drop");
  const state = document.getElementById("record-state");
  const level = document.getElementById("level");
  const form = document.getElementById("upload");
  const LONGEST = 120;
  let recorder = null;
  let stream = null;
  let context = null;
  let keep = false;
  let parts = [];
  box.hidden = false;

  const tell = (words, isError) => {
    state.textContent = words;
    state.classList.toggle("error", Boolean(isError));
  };

  const meter = () => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const began = performance.now();
    const show = () => {
      if (!recorder || recorder.state !== "recording") return;
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      level.value = peak;
      const seconds = Math.floor((performance.now() - began) / 1000);
      const words = `Recording: ${seconds} seconds${peak > 0.98 ? ". Too loud: move back a little" : ""}`;
      if (state.textContent !== words) tell(words, peak > 0.98);
      if (seconds >= LONGEST) stop.click();
      requestAnimationFrame(show);
    };
    show();
  };

  const end = async () => {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
    start.disabled = false;
    stop.disabled = drop.disabled = true;
    level.value = 0;
    const type = recorder.mimeType;
    recorder = null;
    if (!keep) {
      tell("Forgotten.");
      return;
    }
    tell("Sending the recording.");
    const body = new FormData(form);
    body.set("take", new Blob(parts, { type }), type.includes("mp4") ? "take.m4a" : type.includes("ogg") ? "take.ogg" : "take.webm");
    body.set("source", "browser");
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      if (!answer.ok) throw new Error(answer.status);
      window.location.reload();
    } catch {
      tell("The recording could not be sent. Reload the page; you may have been signed out.", true);
    }
  };

  start.addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      });
    } catch {
      tell("The microphone is not available. Allow it in the browser, or upload a file.", true);
      return;
    }
    context = new AudioContext();
    recorder = new MediaRecorder(stream, { audioBitsPerSecond: 128000 });
    parts = [];
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", end);
    recorder.start();
    start.disabled = true;
    stop.disabled = drop.disabled = false;
    stop.focus();
    meter();
  });
  for (const [button, wanted] of [[stop, true], [drop, false]]) {
    button.addEventListener("click", () => {
      keep = wanted;
      if (recorder && recorder.state === "recording") recorder.stop();
    });
  }
})();

// ---- The script: about how long it lasts, and how easy it is, while it is typed (Flesch-Kincaid grade).
(() => {
  const field = document.getElementById("words");
  if (!field) return;
  const told = document.getElementById("words-told");
  const known = new Set((field.dataset.knownWords || "").split(" "));
  const most = Number(field.dataset.mostSeconds);

  const syllables = (word) => {
    if (known.has(word)) return 1;
    const groups = word.replace(/(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$/, "").match(/[aeiouy]+/g);
    return Math.max(1, groups ? groups.length : 1);
  };

  const tell = () => {
    const text = field.value.toLowerCase();
    const words = text.match(/\p{L}+(?:['’-]\p{L}+)*/gu) || [];
    const digits = text.match(/\p{Nd}/gu) || [];
    const count = words.length + digits.length;
    const sentences = Math.max(1, (text.match(/[.!?]+/g) || []).length);
    if (!count) {
      told.textContent = "";
      return;
    }
    const seconds = (count * 60) / Number(field.dataset.wordsAMinute);
    const said = words.reduce((sum, word) => sum + syllables(word), digits.length);
    const grade = Math.max(0, 0.39 * (count / sentences) + 11.8 * (said / count) - 15.59);
    const parts = [`About ${seconds.toFixed(1)} seconds${seconds > most ? `: too long, ${most} are the most` : ""}.`];
    if (field.lang.startsWith("en")) parts.push(`Reading level: grade ${Math.round(grade)}${grade > 6 ? ", use shorter sentences or plainer words" : ""}.`);
    told.textContent = parts.join(" ");
    told.classList.toggle("error", seconds > most || grade > 6);
  };
  field.addEventListener("input", tell);
  tell();
})();

// ---- Versions that the worker is still making: the page comes again when one is done.
(() => {
  const waiting = [...document.querySelectorAll("[data-progress]")].map((one) => one.dataset.progress);
  if (!waiting.length) return;
  const look = async () => {
    const answers = await Promise.all(waiting.map((address) => fetch(address, { headers: { "X-Background": "1" } })));
    const told = await Promise.all(answers.filter((one) => one.ok).map((one) => one.json()));
    const typed = document.getElementById("words");
    const isBusy = document.getElementById("record-stop")?.disabled === false || (typed && typed.value !== typed.defaultValue);
    if (!isBusy && told.some((one) => !one.waits)) window.location.reload();
    else setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
})();
