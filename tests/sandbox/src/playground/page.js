// Shows the guild as it is told, and sends what is typed and pressed. The sound is listen.js's affair.
(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const own = []; // what only this page's reader sees: typed, private, problems
  let who = null;
  let room = null;

  function make(name, text, options) {
    const element = Object.assign(document.createElement(name), options || {});
    if (text !== undefined) element.textContent = text;
    return element;
  }

  const clock = (ms) => {
    const s = Math.floor(ms / 1000);
    return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
  };

  // The few marks that answers use. Nothing is ever read as HTML.
  function marked(text) {
    const out = document.createDocumentFragment();
    const mark = /\[([^\]]+)\]\(([^)\s]+)\)|\*\*|`([^`]+)`|<t:(\d+)(?::\w)?>|<@!?(\d+)>/g;
    let at = 0;
    for (const found of text.matchAll(mark)) {
      out.append(text.slice(at, found.index));
      at = found.index + found[0].length;
      if (found[1]) out.append(make("b", found[1].replaceAll("**", "")));
      else if (found[3]) out.append(make("code", found[3]));
      else if (found[4]) out.append(new Date(found[4] * 1000).toLocaleTimeString());
      else if (found[5]) out.append("@someone");
    }
    out.append(text.slice(at));
    return out;
  }

  async function act(deed) {
    try {
      const sent = await fetch("/do", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(deed),
      });
      const told = await sent.json();
      if (told.private) note("private", "only you see this", told.private);
      if (told.problem) note("problem", "", told.problem);
    } catch (error) {
      note("problem", "", "the playground does not answer: " + error.message);
    }
  }

  function note(kind, head, text) {
    const last = room && room.messages.length ? room.messages[room.messages.length - 1].id : "0";
    own.push({ kind, head, text, after: last });
    if (own.length > 40) own.shift();
    showMessages();
  }

  function showNote(note) {
    const line = make("li", undefined, { className: note.kind });
    if (note.head) line.append(make("small", note.head));
    line.append(marked(note.text));
    return line;
  }

  function showMessage(message) {
    const line = make("li");
    line.append(make("small", "Ostinato"), marked(message.text));
    if (message.buttons.length) line.append(make("br"));
    for (const button of message.buttons) {
      const words = [button.emoji, button.label].filter(Boolean).join(" ");
      const press = make("button", words, { type: "button", disabled: button.disabled });
      press.addEventListener("click", () => act({ do: "click", who, message: message.id, button: button.id }));
      line.append(press, " ");
    }
    return line;
  }

  const newer = (one, other) => one.length > other.length || (one.length === other.length && one > other);

  function showMessages() {
    if (!room) return;
    const list = $("messages");
    const lines = [];
    let next = 0;
    for (const message of room.messages) {
      while (next < own.length && newer(message.id, own[next].after)) lines.push(showNote(own[next++]));
      lines.push(showMessage(message));
    }
    for (; next < own.length; next++) lines.push(showNote(own[next]));
    list.replaceChildren(...lines);
    list.scrollTop = list.scrollHeight;
  }

  function showVoices() {
    const all = room.voices.map((voice) => {
      const here = voice.members.includes(who);
      const place = make("div", undefined, { className: "voice" });
      const go = make("button", here ? "Leave " + voice.name : "Join " + voice.name, { type: "button" });
      go.dataset.voice = voice.name;
      go.setAttribute("aria-pressed", String(here));
      go.addEventListener("click", () => act({ do: "sit", who, channel: here ? null : voice.name }));
      place.append(go);
      for (const name of voice.members) place.append(make("span", name, { className: "seat" }));
      if (voice.bot) place.append(make("span", "♪ Ostinato", { className: "seat" }));
      return place;
    });
    $("voices").replaceChildren(...all);
  }

  function showMembers() {
    const all = room.members.map((name) => {
      const label = make("label");
      const choice = make("input", undefined, { type: "radio", name: "who", value: name, checked: name === who });
      choice.addEventListener("change", () => {
        who = name;
        showVoices();
      });
      label.append(choice, " " + name);
      return label;
    });
    $("members").replaceChildren(...all);
  }

  function showRoom(told) {
    const first = room === null;
    room = told;
    $("guild").textContent = room.guild;
    who = who || room.members[0];
    if (first) showMembers();
    showVoices();
    showMessages();
    const gap = $("gap");
    const killed = room.gap_since_kill_ms !== null;
    gap.dataset.ms = killed ? room.gap_since_kill_ms : "";
    if (room.starts !== null) gap.dataset.starts = room.starts;
    gap.textContent =
      (room.starts === null ? "The bot is away. " : "") +
      "Longest gap: " + room.gap_ms + " ms" + (killed ? "; since kill -9: " + room.gap_since_kill_ms + " ms" : "");
  }

  function showSound(sound) {
    document.dispatchEvent(new CustomEvent("sandbox:sound", { detail: sound }));
    document.body.dataset.track = sound.track || "";
    document.body.dataset.playing = String(sound.playing);
    document.body.dataset.level = window.sandbox.level().toFixed(4);
    $("title").textContent = sound.track ? sound.title + " · " + sound.author : "nothing plays";
    $("position").value = sound.length_ms ? sound.position_ms / sound.length_ms : 0;
    $("time").textContent = sound.track
      ? clock(sound.position_ms) + (sound.length_ms ? " / " + clock(sound.length_ms) : "") + (sound.paused ? ", paused" : "")
      : "";
    $("node").textContent = sound.node ? "on " + sound.node : "";
  }

  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (!text) return;
    $("text").value = "";
    note("said", who, text);
    act({ do: "say", who, text });
  });
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => act({ do: button.dataset.do }));
  }

  const events = new EventSource("/events");
  events.addEventListener("room", (event) => showRoom(JSON.parse(event.data)));
  events.addEventListener("sound", (event) => showSound(JSON.parse(event.data)));
})();
