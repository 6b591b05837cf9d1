// A request's page: keys, phrases, the proposed follow-up, and who has the request while the page is open.
(() => {
  const box = document.getElementById("case");
  const EVERY = 20000;

  // Keys
  const claim = document.getElementById("claim");
  const note = document.getElementById("note-note");
  if (claim) keys.register("c", "Claim", () => claim.click());
  keys.register("n", "Write a note", () => note.focus());

  // Phrases for notes
  const phrases = document.querySelector(".templates");
  phrases.hidden = false;
  phrases.addEventListener("click", (event) => {
    const phrase = event.target.dataset.phrase;
    if (!phrase) return;
    const before = note.value.trimEnd();
    note.value = before ? `${before} ${phrase}` : phrase;
    note.focus();
    note.setSelectionRange(note.value.length, note.value.length);
  });

  // The follow-up that an outcome proposes, until somebody chooses another
  const followUp = document.getElementById("follow-up");
  let chosen = Boolean(followUp.value);
  followUp.addEventListener("input", () => {
    chosen = Boolean(followUp.value);
  });
  document.getElementById("attempt").addEventListener("change", (event) => {
    if (event.target.name === "outcome" && !chosen) followUp.value = event.target.dataset.followUp;
  });

  // After a callback the outcome is asked for: an event, or an address that ends so
  const outcome = document.getElementById("outcome");
  const askOutcome = () => {
    outcome.classList.add("asked");
    outcome.scrollIntoView({ block: "start" });
    (outcome.querySelector("input[type=radio]:not(:disabled)") || document.getElementById("attempt-title")).focus({ preventScroll: true });
  };
  document.addEventListener("callback-ended", askOutcome);
  if (location.hash === "#call-ended") askOutcome();

  // A form is sent once
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    else event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // Who has it: told to the server while somebody works here, and asked of it all the time
  const news = document.getElementById("news");
  let active = true;
  for (const what of ["keydown", "pointerdown", "pointermove", "scroll", "input"]) {
    addEventListener(what, () => { active = true; }, { passive: true });
  }
  const tell = (words, link) => {
    const reload = document.createElement("a");
    reload.href = location.pathname;
    reload.textContent = link;
    news.replaceChildren(`${words} `, reload);
    news.hidden = false;
  };
  const ask = async () => {
    const playing = [...document.querySelectorAll("audio")].some((audio) => !audio.paused);
    const works = active || playing;
    active = false;
    if (document.hidden && !works) return;
    const headers = { "X-CSRFToken": box.dataset.token, ...(works ? {} : { "X-Background": "1" }) };
    const body = new URLSearchParams({ active: works ? "1" : "0" });
    const answer = await fetch(box.dataset.standing, { method: "POST", headers, body, redirect: "manual" }).catch(() => null);
    if (!answer) return;
    if (!answer.ok) {
      tell("You were signed out. What you typed is still here; copy it before you sign in again.", "Sign in");
      return;
    }
    const now = await answer.json();
    if (now.version === box.dataset.version) return;
    const was = box.dataset.mine === "1";
    if (was && !now.mine) tell(now.owner ? `${now.owner} has this request now.` : "This request is no longer yours.", "Show what is new");
    else tell(now.owner && !now.mine ? `${now.owner} has this request now.` : "Something about this request has changed.", "Show what is new");
  };
  setInterval(ask, EVERY);
  document.addEventListener("request-changed", ask);
})();
