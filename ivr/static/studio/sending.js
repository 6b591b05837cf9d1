// Sends what somebody made on a prompt's page, so that nothing is lost: the page stays, and says what became of it.
import { fetchInBackground } from "../shared/http.js";

export const SENT = "sent";
export const REFUSED = "refused";
export const SIGNED_OUT = "signed out";
export const OFFLINE = "offline";

const TOKEN = 'input[name="csrf_token"]';
const TOO_LARGE = 413;
const STALE = new Set([400, 401]);
const ASK_JSON = { Accept: "application/json" };

// After signing in again in another tab, this page's token is of the session before.
const renewToken = async () => {
  const response = await fetchInBackground(location.href);
  if (!response.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const token = page.querySelector(TOKEN)?.value;
  if (!token) return false;
  for (const field of document.querySelectorAll(TOKEN)) field.value = token;
  return true;
};

const ask = async (url, form) => {
  form.set("csrf_token", document.querySelector(TOKEN).value);
  const response = await fetchInBackground(url, { method: "POST", headers: ASK_JSON, body: form });
  if (STALE.has(response.status)) return { outcome: SIGNED_OUT };
  if (response.status === TOO_LARGE) return { outcome: REFUSED, message: "This is too large: 20 MB is the most." };
  if (!response.headers.get("Content-Type")?.includes("json")) throw new Error(String(response.status));
  const { message } = await response.json();
  return { outcome: response.ok ? SENT : REFUSED, message };
};

/** POST a form; `outcome` is one of the above, `message` what the server says when it answers. */
export const send = async (url, form) => {
  try {
    const answer = await ask(url, form);
    if (answer.outcome !== SIGNED_OUT || !(await renewToken())) return answer;
    return await ask(url, form);
  } catch {
    return { outcome: OFFLINE };
  }
};

/** Try again whenever the connection, or somebody who signed in elsewhere, is back. */
export const whenBack = (tryAgain) => {
  addEventListener("online", tryAgain);
  addEventListener("focus", tryAgain);
};
