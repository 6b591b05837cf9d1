// A call back that goes on: how it fares, asked for every two seconds; at its end the outcome's form opens.
(() => {
  const EVERY = 2000;
  const box = document.getElementById("call-back");
  const state = document.getElementById("call-state");
  if (!box || !box.dataset.progress) return;

  const suggest = (outcome) => {
    const choice = document.querySelector(`#outcome input[name="outcome"][value="${outcome}"]`);
    if (!choice || choice.disabled || document.querySelector('#outcome input[name="outcome"]:checked')) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const ask = async () => {
    let told;
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
      if (answer.status === 401 || answer.redirected) return;
      told = answer.ok ? await answer.json() : null;
    } catch {
      told = null;
    }
    if (told && state.textContent !== told.words) state.textContent = told.words;
    if (!told || !told.over) {
      setTimeout(ask, EVERY);
      return;
    }
    document.getElementById("call-again").hidden = false;
    if (told.suggested) suggest(told.suggested);
    document.dispatchEvent(new Event("callback-ended"));
  };
  setTimeout(ask, EVERY);
})();
