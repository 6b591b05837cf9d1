// The telephone on the page: keys and voice go to the call, and its events are played and shown.
import {listen, post, tell} from "./phone-stream.js"
import {Microphone, Speaker} from "./phone-sound.js"

const $ = id => document.getElementById(id)
const speaker = new Speaker()
const PHASES = {
  PROMPT: "The line speaks; keys are not heard now",
  GATHER_PROMPT: "The line speaks; a key cuts in",
  ANSWER: "The line waits for keys",
  RECORDING: "Recording: speak, then press pound",
  RINGING: "Ringing the desk",
  BRIDGED: "Connected with the desk",
}
const CUTTABLE = new Set(["GATHER_PROMPT", "ANSWER"])
// In a trial no server has what was recorded: the page plays its own take back.
const isTrial = $("hears") !== null
let call = null
let phase = ""
let microphone = null
let began = {real: 0, at: 0}
let ticking = 0
let turn = 0
let here = ""
let take = null

const send = message => call && tell(`/phone/calls/${call}`, message)
const seconds = () => began.at + (performance.now() - began.real) / 1000 * speaker.speed
const clock = at => `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}`
const make = (tag, options = {}) => Object.assign(document.createElement(tag), options)

function press(key) {
  speaker.key(key)
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`)
  button.classList.add("down")
  setTimeout(() => button.classList.remove("down"), 150)
  if (!call) return
  if (CUTTABLE.has(phase)) speaker.cut()
  $("keyed").textContent = ($("keyed").textContent + key).slice(-12)
  send({do: "key", key})
}

async function dial() {
  if ($("call").disabled) return
  const context = speaker.wake()
  $("call").disabled = true
  microphone = null
  if ($("microphone").checked) {
    try {
      microphone = await Microphone.open(context, on => send({do: "voice", on}))
    } catch {
      $("microphone").checked = false
      line("carrier", "No microphone: a sample is recorded instead.")
    }
  }
  $("transcript").replaceChildren()
  $("documents").replaceChildren()
  $("saved").replaceChildren()
  $("keyed").textContent = ""
  turn = 0
  state("Calling")
  const wanted = {from: $("from").value, speed: speaker.speed, microphone: microphone !== null, drafts: $("hears")?.value === "drafts"}
  try {
    await listen("/phone/calls", wanted, event => events[event.type]?.(event))
    if (call) over({by: "error", error: "The connection to the server ended."})
  } catch (error) {
    over({by: "error", error: error.message})
  }
}

function hangUp() {
  if (!call) return
  speaker.cut()
  send({do: "hang-up"})
}

function state(words) { $("state").textContent = words }

function line(who, words, at = null, isDraft = false) {
  const names = {line: "Line", caller: "You", desk: "Desk", whisper: "To the desk", carrier: "Carrier"}
  const item = make("li", {className: who})
  item.append(make("span", {className: "who", textContent: names[who]}), make("span", {textContent: words}))
  if (isDraft) item.children[1].append(" ", make("span", {className: "badge warn", textContent: "Draft"}))
  if (at !== null) item.append(make("span", {className: "at number", textContent: clock(at)}))
  $("transcript").append(item)
  $("heard").scrollTop = $("heard").scrollHeight
}

function sound(entry) {
  if (entry.who !== "line") return
  if (isTrial && entry.kind === "play" && !entry.url.startsWith("/media/prompts/")) take ? speaker.again(take) : speaker.cut()
  else if (entry.kind === "play" || entry.kind === "silence") speaker.play(entry.url)
  else if (entry.kind === "say") speaker.say(entry.text)
  else if (entry.kind === "beep") { speaker.cut(); speaker.beep() }
  else if (entry.kind === "tones") speaker.beep()
}

function document_(entry) {
  const details = make("details", {open: true})
  for (const other of $("documents").querySelectorAll("details[open]")) other.open = false
  turn += 1
  details.append(make("summary", {textContent: `Turn ${turn}, at ${clock(entry.at)}: ${entry.url}`}))
  const code = make("pre", {tabIndex: 0, textContent: entry.document.replaceAll("><", ">\n<")})
  code.setAttribute("aria-label", `TwiML of turn ${turn}`)
  details.append(code)
  $("documents").prepend(details)
}

function entry(event) {
  began = {real: performance.now(), at: event.at}
  sound(event)
  if (event.kind === "webhook") {
    if (event.document) document_(event)
  } else if (!["silence", "wait", "pause"].includes(event.kind)) {
    line(event.who, event.text, event.at, event.draft)
  }
  if (["key", "hangup"].includes(event.kind)) speaker.cut()
}

function standing(event) {
  $("turns").textContent = event.turns === 1 ? "1 turn" : `${event.turns} turns`
  if (event.node && here !== event.node) {
    here = event.node
    $("node").textContent = event.words
    for (const lit of document.querySelectorAll("svg.tree .here")) lit.classList.replace("here", "been")
    for (const way of document.querySelectorAll("svg.tree path")) way.classList.toggle("lit", way.dataset.from === here)
    const box = document.querySelector(`svg.tree [data-node="${CSS.escape(event.node)}"]`)
    if (box) {
      box.classList.add("here")
      const frame = $("tree")
      const place = box.getBBox()
      frame.scrollTo(place.x + place.width / 2 - frame.clientWidth / 2, place.y - frame.clientHeight / 2)
    }
  }
  $("saved").replaceChildren(...event.saved.map(request => {
    const box = make("div", {className: "message good"})
    box.append(
      make("strong", {textContent: `${request.kind} ${request.reference}`}),
      make("p", {textContent: `${request.status}. ${request.priority}. ${request.due}.`}),
      request.url
        ? make("a", {href: request.url, target: "_blank", rel: "noopener", textContent: "See it in the staff's console"})
        : make("p", {textContent: "This was a trial: it is not in the queue."}),
    )
    return box
  }))
}

function over(event) {
  speaker.cut()
  microphone?.close()
  const who = {caller: "you hung up", line: "the line hung up", error: "an error ended it"}[event.by]
  state(`The call is over: ${who}`)
  if (event.error) line("carrier", event.error)
  if (event.seconds) $("clock").textContent = clock(event.seconds)
  call = null
  phase = ""
  $("call").disabled = false
  for (const one of ["from", "microphone", "hears"]) if ($(one)) $(one).disabled = false
  $("hang-up").disabled = true
  clearInterval(ticking)
}

function changePhase(event) {
  phase = event.phase
  state(PHASES[phase])
  if (phase === "RECORDING") microphone?.begin()
  if (phase === "RINGING") speaker.ring()
}

const events = {
  begun: event => {
    call = event.call
    for (const one of ["from", "microphone", "hears"]) if ($(one)) $(one).disabled = true
    $("hang-up").disabled = false
    began = {real: performance.now(), at: 0}
    ticking = setInterval(() => { $("clock").textContent = clock(seconds()) }, 250)
  },
  entry,
  phase: changePhase,
  standing,
  recorded: () => {
    if (!microphone) return
    take = microphone.end()
    post(`/phone/calls/${call}/sound`, take, {"Content-Type": "audio/wav"})
  },
  over,
}

$("call").addEventListener("click", dial)
$("hang-up").addEventListener("click", hangUp)
$("keypad").addEventListener("click", event => {
  const key = event.target.closest("[data-key]")
  if (key) press(key.dataset.key)
})
$("volume").addEventListener("input", event => { speaker.volume = Number(event.target.value); speaker.adjust() })
$("speed").addEventListener("change", event => {
  began = {real: performance.now(), at: seconds()}
  speaker.speed = Number(event.target.value)
  speaker.adjust()
  send({do: "speed", speed: speaker.speed})
})
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("select, input[type=range]")) return
  if ("0123456789*#".includes(event.key)) press(event.key)
  else if (event.key.toLowerCase() === "c") dial()
  else if (event.key.toLowerCase() === "h") hangUp()
})
globalThis.phone = {speaker}
