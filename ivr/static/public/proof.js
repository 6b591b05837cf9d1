// A proof of work: derives keys from one number after the other until one begins as the page's challenge says, and sends
// it with the form. The challenge is ALTCHA's, version 2 (https://altcha.org); its own widget is much larger than this.
import { announce, byId } from "../shared/dom.js";

const BITS = 8;
const COUNTER_BYTES = 4;
const form = byId("proof");
const region = byId("proof-status");
const progress = byId("proof-progress");
const button = form.querySelector("button");
let isWorking = false;

const toBytes = (hex) => Uint8Array.from(hex.match(/../gu), (pair) => Number.parseInt(pair, 16));

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const deriveKey = async ({ nonce, salt, cost, keyLength }, counter) => {
  const start = toBytes(nonce);
  const password = new Uint8Array(start.length + COUNTER_BYTES);
  password.set(start);
  new DataView(password.buffer).setUint32(start.length, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: toBytes(salt), iterations: cost };
  return toHex(new Uint8Array(await crypto.subtle.deriveBits(how, key, keyLength * BITS)));
};

const solve = async (parameters) => {
  for (let counter = 0; counter <= parameters.data.most; counter += 1) {
    const derivedKey = await deriveKey(parameters, counter);
    if (derivedKey.startsWith(parameters.keyPrefix)) return { counter, derivedKey };
    progress.value = counter / parameters.data.most;
  }
  throw new RangeError("no number solves the challenge");
};

const send = async () => {
  const challenge = JSON.parse(form.dataset.challenge);
  announce(region, form.dataset.working);
  progress.hidden = false;
  const solution = await solve(challenge.parameters);
  progress.value = 1;
  announce(region, form.dataset.sending);
  form.elements.altcha.value = btoa(JSON.stringify({ challenge, solution }));
  form.submit();
};

const giveUp = () => {
  progress.hidden = true;
  button.hidden = true;
  announce(region, form.dataset.cannot, true);
};

form.addEventListener("submit", async (submission) => {
  submission.preventDefault();
  if (isWorking) return;
  isWorking = true;
  try {
    await send();
  } catch {
    giveUp();
  }
  isWorking = false;
});

byId("proof-needs-script").hidden = true; // for browsers whose style sheets cannot tell
if (!crypto.subtle) giveUp(); // they have it on pages that came by https, and from this machine
