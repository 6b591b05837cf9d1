// A stream of events that a POST answers with, and small POSTs beside it.
const token = document.querySelector('meta[name="csrf-token"]').content

export function post(url, body, headers = {"Content-Type": "application/json"}) {
  const data = body instanceof Blob ? body : JSON.stringify(body)
  return fetch(url, {method: "POST", headers: {...headers, "X-CSRFToken": token}, body: data})
}

// Keys, the receiver and a desk's answers arrive in the order they were given; a browser by itself sends side by side.
let last = Promise.resolve()
export function tell(url, message) {
  last = last.then(() => post(url, message)).catch(() => {})
}

export async function listen(url, body, onEvent) {
  const answer = await post(url, body)
  if (!answer.ok) throw new Error(answer.status === 503 ? await answer.text() : `The server answered ${answer.status}.`)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const {value, done} = await reader.read()
    if (done) return
    rest += value
    const parts = rest.split("\n\n")
    rest = parts.pop()
    for (const part of parts) if (part.startsWith("data: ")) onEvent(JSON.parse(part.slice(6)))
  }
}
