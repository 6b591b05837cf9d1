// Events that the server streams as the answer to a POST, and messages to it beside them.
import { postJson } from "../shared/http.js";

// Messages arrive in the order they were given; a browser by itself sends side by side.
let lastSent = Promise.resolve();

/** Send a message after those that were sent before; one that cannot be sent is dropped. */
export const sendInOrder = (url, message) => {
  lastSent = lastSent.then(() => postJson(url, message)).catch(() => {});
};

const errorOf = async (response) =>
  new Error(response.status === 503 ? await response.text() : `The server answered ${response.status}.`);

/** POST a message and call `onEvent` with each event of the answer, until its end; throws what can be shown. */
export const streamEvents = async (url, message, onEvent) => {
  const response = await postJson(url, message);
  if (!response.ok) throw await errorOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) onEvent(JSON.parse(part.slice(6)));
  }
};
