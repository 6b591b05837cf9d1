// A desk's telephone: rings, and takes a call with 1.
import {listen, tell} from "./phone-stream.js"
import {Speaker} from "./phone-sound.js"

const $ = id => document.getElementById(id)
const speaker = new Speaker()
let call = null
let ringing = 0

function show(words, {rings = false, talks = false} = {}) {
  $("state").textContent = words
  $("accept").disabled = $("decline").disabled = !rings
  $("end").disabled = !talks
  clearInterval(ringing)
  if (rings) {
    speaker.ring()
    ringing = setInterval(() => speaker.ring(), 3000)
  }
}

function press(key) {
  if (!call) return
  const wanted = {1: "accept", 2: "decline", end: "end"}[key]
  if ($(wanted).disabled) return
  tell(`/phone/calls/${call}`, {do: "desk", key})
  show(key === "1" ? "The caller is being connected" : "Waiting for a call", {talks: key === "1"})
}

const events = {
  ready: () => show("Waiting for a call"),
  ring: event => { call = event.call; show("A caller asks for a person", {rings: true}) },
  stop: event => { if (event.call === call && !event.accepted) { call = null; show("Waiting for a call") } },
  over: event => { if (event.call === call) { call = null; show("The call is over. Waiting for the next one") } },
}

$("accept").addEventListener("click", () => press("1"))
$("decline").addEventListener("click", () => press("2"))
$("end").addEventListener("click", () => press("end"))
document.addEventListener("keydown", event => {
  if (!event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && "12".includes(event.key)) press(event.key)
})

listen("/phone/desk/rings", {}, event => events[event.type]?.(event))
  .then(() => show("The connection ended. Reload the page."), error => show(error.message))
