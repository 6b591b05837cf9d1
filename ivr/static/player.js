// The player of voice messages: the browser's own sound behind a waveform, a position to seek, steps and speeds.
(() => {
  const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];
  const STEP = 5;
  const BAR = 4;
  const HEIGHT = 64;
  const SVG = "http://www.w3.org/2000/svg";
  let current = null;

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const drawn = (name, attributes = {}, ...children) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };

  // Each play has a name of its own, so that the audit trail has one row for it, however many parts are fetched.
  const playName = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (one) => one.toString(16).padStart(2, "0")).join("");

  class Player {
    constructor(box, number) {
      this.audio = box.querySelector("audio");
      this.sound = box.dataset.sound;
      this.seconds = Number(box.dataset.seconds) || 0;
      this.bars = [];
      this.at = 0;
      this.begun = false;
      this.build(box, number);
      this.listen();
      this.fetchBars(box.dataset.bars);
      this.show();
    }

    build(box, number) {
      this.audio.removeAttribute("controls");
      this.audio.removeAttribute("src");
      this.audio.hidden = true;
      this.clip = drawn("rect", { x: 0, y: 0, width: 0, height: HEIGHT });
      this.all = drawn("path", { class: "bars" });
      this.played = drawn("path", { class: "bars played", "clip-path": `url(#played-${number})` });
      const mask = drawn("defs", {}, drawn("clipPath", { id: `played-${number}` }, this.clip));
      this.picture = drawn("svg", { "aria-hidden": "true", preserveAspectRatio: "none" }, mask, this.all, this.played);
      this.position = element("input", { type: "range", min: 0, step: 0.05, value: 0, "aria-label": "Position in the message" });
      this.back = element("button", { type: "button", "aria-label": "5 seconds back" }, "−5 s");
      this.toggle = element("button", { type: "button", class: "primary play" });
      this.on = element("button", { type: "button", "aria-label": "5 seconds on" }, "+5 s");
      this.time = element("span", { class: "time number" });
      this.speed = element("select", {});
      for (const speed of SPEEDS) this.speed.append(new Option(`${speed}×`, speed, speed === 1, speed === 1));
      this.trouble = element("p", { class: "error", role: "alert", hidden: "" }, "The message cannot be played. Reload the page; you may have been signed out.");
      box.append(
        element("div", { class: "wave" }, this.picture, this.position),
        element("div", { class: "controls" }, this.back, this.toggle, this.on, this.time, element("label", { class: "speed" }, "Speed ", this.speed)),
        this.trouble,
      );
    }

    listen() {
      this.toggle.addEventListener("click", () => this.playOrPause());
      this.back.addEventListener("click", () => this.skip(-STEP));
      this.on.addEventListener("click", () => this.skip(STEP));
      this.position.addEventListener("input", () => this.seek(Number(this.position.value)));
      this.position.addEventListener("keydown", (event) => this.arrows(event));
      this.speed.addEventListener("change", () => this.hurry());
      for (const what of ["timeupdate", "play", "pause", "ended", "seeked"]) this.audio.addEventListener(what, () => this.show());
      this.audio.addEventListener("play", () => this.follow());
      this.audio.addEventListener("loadedmetadata", () => {
        if (Number.isFinite(this.audio.duration)) this.seconds = this.audio.duration;
        if (this.at) this.audio.currentTime = this.at;
        this.hurry();
        this.show();
      });
      this.audio.addEventListener("ended", () => {
        this.begun = false;
        this.at = 0;
      });
      this.audio.addEventListener("error", () => {
        this.begun = false;
        this.trouble.hidden = false;
        this.show();
      });
      new ResizeObserver(() => this.draw()).observe(this.picture);
    }

    async fetchBars(address) {
      const answer = await fetch(address, { headers: { "X-Background": "1" } });
      if (!answer.ok) return;
      const told = await answer.json();
      this.bars = told.bars;
      if (told.seconds) this.seconds = told.seconds;
      this.draw();
      this.show();
    }

    playOrPause() {
      current = this;
      if (!this.audio.paused) {
        this.audio.pause();
        return;
      }
      if (!this.begun) {
        this.begun = true;
        this.trouble.hidden = true;
        this.audio.src = `${this.sound}?play=${playName()}`;
      }
      for (const other of players) if (other !== this) other.audio.pause();
      this.audio.play().catch(() => this.show());
    }

    skip(seconds) {
      current = this;
      this.seek(this.now() + seconds);
    }

    seek(seconds) {
      this.at = Math.min(Math.max(0, seconds), Math.max(0, this.seconds - 0.05));
      if (this.begun && this.audio.readyState) this.audio.currentTime = this.at;
      this.show();
    }

    arrows(event) {
      const steps = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.skip(steps[event.key]);
    }

    hurry() {
      this.audio.defaultPlaybackRate = this.audio.playbackRate = Number(this.speed.value);
    }

    now() {
      return this.begun && this.audio.readyState ? this.audio.currentTime : this.at;
    }

    follow() {
      if (this.audio.paused) return;
      this.show();
      requestAnimationFrame(() => this.follow());
    }

    show() {
      const now = this.now();
      this.position.max = this.seconds;
      this.position.value = now;
      this.position.setAttribute("aria-valuetext", `${Math.round(now)} of ${Math.round(this.seconds)} seconds`);
      const label = this.audio.paused ? "Play" : "Pause";
      if (this.toggle.textContent !== label) this.toggle.textContent = label;
      this.time.textContent = `${clock(now)} of ${clock(this.seconds)}, ${clock(this.seconds - now)} left`;
      this.clip.setAttribute("width", (this.seconds ? now / this.seconds : 0) * this.width());
    }

    width() {
      return this.picture.clientWidth || 1;
    }

    draw() {
      const width = this.width();
      const count = Math.max(1, Math.min(this.bars.length, Math.floor(width / BAR)));
      this.picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
      const lines = [];
      for (let bar = 0; bar < count; bar += 1) {
        const from = Math.floor((bar * this.bars.length) / count);
        const part = this.bars.slice(from, Math.max(from + 1, Math.floor(((bar + 1) * this.bars.length) / count)));
        const half = 1 + (Math.max(0, ...part) / 100) * (HEIGHT / 2 - 3);
        const x = (((bar + 0.5) * width) / count).toFixed(1);
        lines.push(`M${x} ${(HEIGHT / 2 - half).toFixed(1)}v${(2 * half).toFixed(1)}`);
      }
      const path = this.bars.length ? lines.join("") : `M0 ${HEIGHT / 2}h${width}`;
      this.all.setAttribute("d", path);
      this.played.setAttribute("d", path);
      this.show();
    }
  }

  const players = [];
  document.querySelectorAll(".player").forEach((box, number) => players.push(new Player(box, number)));
  if (players.length) {
    current = players[0];
    keys.register(" ", "Play or pause the message", () => current.playOrPause());
    keys.register("j", "5 seconds back", () => current.skip(-STEP));
    keys.register("l", "5 seconds on", () => current.skip(STEP));
  }
})();
