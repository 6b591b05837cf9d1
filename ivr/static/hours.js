// Tells while a greeting is typed about how long it will last; the server counts again in the same way.
const greeting = document.getElementById("greeting");
if (greeting) {
  const length = document.getElementById("greeting-length");
  const most = Number(greeting.dataset.mostSeconds);
  const tell = () => {
    const sounds = greeting.value.match(/\p{L}+(?:['\u2019-]\p{L}+)*|\p{Nd}/gu) || [];
    const seconds = Math.round((sounds.length * 60) / Number(greeting.dataset.wordsAMinute));
    const tooLong = seconds > most;
    length.textContent = sounds.length ? `About ${seconds} seconds${tooLong ? `: too long, ${most} are the most` : ""}` : "";
    length.classList.toggle("error", tooLong);
    greeting.setAttribute("aria-invalid", String(tooLong));
  };
  greeting.addEventListener("input", tell);
  tell();
}
