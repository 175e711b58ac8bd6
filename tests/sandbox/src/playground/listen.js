// Plays what the player of the shown guild plays, and says how loud it is.
//
// The page tells what is so with an event, at each change and each second:
//   document.dispatchEvent(new CustomEvent("sandbox:sound", { detail:
//     { guild, track, src, position_ms, at_ms, paused, volume, playing } }))
// `at_ms` is the time at which the player was at `position_ms`, on any clock that runs evenly.
(() => {
  "use strict";

  const DRIFT_MS = 250;
  const BETWEEN_SEEKS_MS = 1000;
  // A node amplifies up to tenfold; nobody's ears are given more than this.
  const LOUDEST = 2;

  const button = document.getElementById("listen");
  const meter = document.getElementById("level");
  const quiet = window.matchMedia("(prefers-reduced-motion: reduce)");

  let sound = null; // what was told last
  let offsetMs = Infinity; // this clock minus the teller's
  let listening = false;
  let context = null;
  let gain = null;
  let analyser = null;
  let audio = null;
  let samples = null;
  let soughtAt = 0;

  const now = () => performance.now();

  function take(detail) {
    const here = document.body.dataset.guild;
    if (!detail || (here && String(detail.guild) !== here)) return;
    const delay = now() - detail.at_ms;
    // The shortest delay ever seen is the clocks' difference. Another teller has another clock.
    if (delay < offsetMs || delay > offsetMs + 5000) offsetMs = delay;
    sound = detail;
    follow();
  }

  const runs = () => Boolean(sound && sound.src && sound.playing && !sound.paused);

  // Where the player is now, in ms, within what there is to play.
  function expectedMs() {
    let at = sound.position_ms;
    if (runs()) at += Math.max(0, now() - sound.at_ms - offsetMs);
    const length = audio.duration * 1000;
    return Number.isFinite(length) && length > 0 && at >= length ? at % length : at;
  }

  function driftMs() {
    if (!listening || !runs() || audio.readyState < 1) return 0;
    return audio.currentTime * 1000 - expectedMs();
  }

  function seek() {
    soughtAt = now();
    audio.currentTime = expectedMs() / 1000;
  }

  // Brings what is heard in line with what was told.
  function follow() {
    if (!listening) return;
    if (!sound || !sound.src) {
      audio.pause();
      return show("nothing plays");
    }
    if (audio.getAttribute("src") !== sound.src) {
      audio.setAttribute("src", sound.src);
      audio.load();
      show("loading");
    }
    gain.gain.value = Math.min(LOUDEST, Math.max(0, sound.volume / 100));
    if (!runs()) {
      audio.pause();
      return show(sound.paused ? "paused" : "silent");
    }
    if (audio.readyState >= 1 && !audio.seeking) {
      const overdue = now() - soughtAt > BETWEEN_SEEKS_MS;
      if (Math.abs(driftMs()) > DRIFT_MS && (overdue || audio.paused)) seek();
    }
    if (audio.paused) {
      audio.play().catch((error) => {
        // Another track or a pause came in between.
        if (error.name !== "AbortError") show("can't be played: " + error.message);
      });
    }
  }

  function open() {
    context = new AudioContext();
    audio = new Audio();
    audio.preload = "auto";
    gain = context.createGain();
    analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    samples = new Float32Array(analyser.fftSize);
    context.createMediaElementSource(audio).connect(gain).connect(analyser).connect(context.destination);
    audio.addEventListener("loadedmetadata", () => {
      seek();
      follow();
    });
    audio.addEventListener("playing", () => show("listening"));
    audio.addEventListener("error", () => show("this track can't be played here"));
    // What has come to its end before the next track was told waits; a loop of hours goes round.
    audio.addEventListener("ended", follow);
  }

  function toggle() {
    if (!context) open();
    listening = !listening;
    button.setAttribute("aria-pressed", String(listening));
    if (listening) {
      context.resume();
      follow();
      draw();
    } else {
      audio.pause();
      context.suspend();
      show("off");
    }
  }

  // Root mean square of what is heard now, 0 to 1.
  function level() {
    if (!listening || audio.paused || context.state !== "running") return 0;
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    return Math.sqrt(sum / samples.length);
  }

  function show(state) {
    button.dataset.state = state;
    button.title = state;
    if (state !== "listening") draw.once();
  }

  function draw() {
    draw.once();
    if (listening) setTimeout(() => requestAnimationFrame(draw), quiet.matches ? 1000 : 60);
  }
  draw.once = () => {
    if (!meter) return;
    const now = Math.min(1, level() * 3);
    if (meter.tagName === "METER") meter.value = now;
    else meter.textContent = "▁▂▃▄▅▆▇█"[Math.min(7, Math.floor(now * 8))].repeat(5);
  };

  window.sandbox = Object.assign(window.sandbox || {}, { level, drift: driftMs });
  if (!button) return;
  document.addEventListener("sandbox:sound", (event) => take(event.detail));
  button.addEventListener("click", toggle);
  setInterval(follow, 500);
})();
