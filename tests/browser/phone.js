// A seat's phone in a browser, led by a test: it registers, answers, speaks into the call what the
// browser's microphone hears, and tells over a WebSocket what goes on and which tone it hears.
import JsSIP from "jssip";

const REPORT_MS = 100;
const LOUD_DB = -60;

const link = new WebSocket(`ws://${location.host}/link`);
const tell = (what, more = {}) => link.send(JSON.stringify({ what, ...more }));
let session = null;

link.onmessage = ({ data }) => {
  const order = JSON.parse(data);
  if (order.what === "register") register(order);
  if (order.what === "hang up") session.terminate();
};
addEventListener("error", (event) => tell("error", { why: event.message }));
addEventListener("unhandledrejection", (event) => tell("error", { why: String(event.reason) }));

function register({ websocket, user, password }) {
  const phone = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(websocket)],
    uri: `sip:${user}@127.0.0.1`,
    password,
    session_timers: false,
  });
  phone.on("registered", () => tell("registered"));
  phone.on("registrationFailed", ({ cause }) => tell("error", { why: cause }));
  phone.on("newRTCSession", (call) => answer(call.session));
  phone.start();
}

function answer(call) {
  session = call;
  call.on("confirmed", () => tell("talking"));
  call.on("ended", ({ originator }) => tell("ended", { by: originator }));
  call.on("failed", ({ cause }) => tell("error", { why: cause }));
  call.on("peerconnection", ({ peerconnection }) => {
    peerconnection.addEventListener("track", ({ streams }) => listen(streams[0]));
  });
  const as_it_is = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  call.answer({
    mediaConstraints: { audio: as_it_is, video: false },
    pcConfig: { iceServers: [] },
  });
}

function listen(stream) {
  const speaker = new Audio(); // without one, no sound of a call comes to WebAudio
  speaker.srcObject = stream;
  speaker.play();
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(analyser);
  const power = new Float32Array(analyser.frequencyBinCount);
  setInterval(() => {
    analyser.getFloatFrequencyData(power);
    const loudest = power.indexOf(Math.max(...power));
    const hz = (loudest * context.sampleRate) / analyser.fftSize;
    if (power[loudest] > LOUD_DB) tell("hears", { hz });
  }, REPORT_MS);
}
