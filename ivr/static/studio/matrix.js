// The list of prompts: each one can be heard in its row, one at a time.
const sound = new Audio();
let playing = null;

const stop = () => {
  sound.pause();
  playing?.setAttribute("aria-pressed", "false");
  playing = null;
};

const play = (button) => {
  stop();
  sound.src = button.dataset.sound;
  sound.play();
  button.setAttribute("aria-pressed", "true");
  playing = button;
};

sound.addEventListener("ended", stop);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-sound]");
  if (!button) return;
  if (button === playing) stop();
  else play(button);
});
for (const button of document.querySelectorAll("button[data-sound]")) button.hidden = false;
