// The sentence around a prompt, played part by part as a caller hears it.
const sound = new Audio();

const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const play = (address) =>
  new Promise((resolve) => {
    for (const end of ["ended", "error"]) sound.addEventListener(end, resolve, { once: true });
    sound.src = address;
    sound.play().catch(resolve);
  });

/** Give the page's sentence a button that plays it, and stops it again. */
export const setUpSentence = () => {
  const button = document.getElementById("play-sentence");
  if (!button) return;
  const parts = [...document.querySelectorAll("#sentence span")];
  let round = 0;
  button.hidden = false;
  button.addEventListener("click", async () => {
    round += 1;
    const mine = round;
    const wasPlaying = button.getAttribute("aria-pressed") === "true";
    sound.pause();
    button.setAttribute("aria-pressed", String(!wasPlaying));
    if (wasPlaying) return;
    for (const { dataset } of parts) {
      if (dataset.sound) await play(dataset.sound);
      else if (dataset.pause) await rest(Number(dataset.pause));
      if (mine !== round) return;
    }
    button.setAttribute("aria-pressed", "false");
  });
};
