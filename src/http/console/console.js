// The console's script: it shows what the interface says and sends orders. Words of users become text, never markup.
"use strict";

const $ = (id) => document.getElementById(id);
const SIGNS = {
  live: ["●", "running"], loading: ["▲", "degraded"], backing_off: ["▲", "degraded"], yielding: ["▲", "degraded"],
  passivating: ["◌", "cold"], cold: ["◌", "cold"], parked: ["■", "parked"], stopping: ["◌", "cold"], stopped: ["◌", "cold"],
};
let after = [], shown = null, page = null;

function el(name, text, kind) {
  const node = document.createElement(name);
  if (text !== undefined && text !== null) node.textContent = String(text);
  if (kind) node.className = kind;
  return node;
}

function row(body, cells) {
  const line = el("tr");
  for (const [content, kind] of cells) {
    const cell = el("td", typeof content === "object" ? undefined : content, kind);
    if (content instanceof Node) cell.append(content);
    line.append(cell);
  }
  body.append(line);
}

function phase(name) {
  const [sign, kind] = SIGNS[name] || ["▲", "degraded"];
  return el("span", `${sign} ${name.replace("_", " ")}`, kind);
}

function time(ms) {
  return new Date(ms).toLocaleTimeString();
}

function length(ms) {
  if (ms === null || ms === undefined) return "live";
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  const value = await response.json();
  if (!response.ok) throw new Error(`${value.title}: ${value.detail}`);
  return value;
}

// ------------------------------------------------------------------------------------------------------------ orders

let pending = null;

function order(label, what, path, body, grave) {
  const button = el("button", label, grave ? "grave" : "");
  button.type = "button";
  button.addEventListener("click", () => {
    pending = { path, body, label };
    $("ask-h").textContent = label;
    $("ask-what").textContent = what;
    $("ask").querySelector(".go").textContent = label;
    $("ask").querySelector("[name=who]").value = sessionStorage.getItem("who") || "";
    $("ask").querySelector("[name=why]").value = "";
    $("ask").returnValue = "";
    $("ask").showModal();
  });
  return button;
}

$("ask").addEventListener("close", async () => {
  if ($("ask").returnValue !== "yes" || !pending) return;
  const { path, body, label } = pending;
  pending = null;
  const who = $("ask").querySelector("[name=who]").value;
  sessionStorage.setItem("who", who);
  const sent = { ...body, who, why: $("ask").querySelector("[name=why]").value };
  try {
    const response = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(sent),
    });
    const value = await response.json();
    say(response.ok ? `${label}: done. Reference ${value.reference}.` : `${label}: ${value.title}. ${value.detail}`);
  } catch (error) {
    say(`${label}: the bot does not answer (${error.message}).`);
  }
  refresh();
});

function say(text) {
  $("said").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("said").textContent = ""; }, 10000);
}

// -------------------------------------------------------------------------------------------------------------- tree

function figures(tree) {
  const shards = tree.shards || [];
  const sum = (of) => shards.reduce((all, shard) => all + of(shard), 0);
  const list = [
    [tree.playing, "guilds play"], [tree.listeners, "listen"],
    [tree.longest_gap_ms ? `${(tree.longest_gap_ms / 1000).toFixed(1)} s` : "0 s", "longest gap in an hour"],
    [tree.deaths, "deaths since the start"], [sum((shard) => shard.held), "inputs wait"],
  ];
  $("figures").replaceChildren(...list.map(([number, what]) => {
    const item = el("li");
    item.append(el("b", number ?? "–"), el("span", what, "small"));
    return item;
  }));
}

function verdict(tree) {
  const wrong = [...(tree.ready?.missing || [])];
  for (const arbiter of tree.stuck_arbiters || []) wrong.push(`thread ${arbiter} does not answer`);
  const notes = [...(tree.ready?.notes || [])];
  const parked = (tree.shards || []).reduce((all, shard) => all + shard.phases.parked, 0);
  if (parked) notes.push(parked === 1 ? "1 guild is parked" : `${parked} guilds are parked`);
  const [word, kind] = wrong.length ? ["■ Down", "fault"] : notes.length ? ["▲ Degraded", "degraded"] : ["● Well", "running"];
  if ($("word").textContent !== word) $("word").textContent = word;
  $("word").className = kind;
  $("why").textContent = [...wrong, ...notes].join(" · ");
}

function show(tree) {
  verdict(tree);
  if (!tree.shards) return;
  figures(tree);
  const shards = $("shards").querySelector("tbody");
  shards.replaceChildren();
  const ill = (shard) => Number(!shard.connected || !shard.served);
  for (const shard of [...tree.shards].sort((a, b) => ill(b) - ill(a) || a.shard - b.shard)) {
    const state = shard.connected && shard.served ? el("span", "● connected", "running")
      : el("span", `▲ ${shard.why || (shard.served ? "not connected yet" : "its actor is being started")}`, "degraded");
    const awake = Object.entries(shard.phases).filter(([, n]) => n).map(([name, n]) => `${n} ${name.replace("_", " ")}`).join(", ");
    const path = `control/shards/${shard.shard}/restart`;
    const orders = el("span");
    orders.append(
      order("Restart actor", `Ends the actor of shard ${shard.shard} and starts it anew. Its ${shard.guilds} guilds and what waits for them are kept, nobody hears it.`, path, { how: "actor" }),
      order("Reconnect", `Builds the gateway connection of shard ${shard.shard} anew and resumes its session. Nobody hears it.`, path, { how: "resume" }),
      order("New session", `Gives shard ${shard.shard} a new gateway session. It costs an IDENTIFY and every voice connection of its ${shard.guilds} guilds: music stops for some seconds and goes on.`, path, { how: "identify" }, true),
    );
    row(shards, [
      [shard.shard], [state], [shard.latency_ms === null ? "–" : `${Math.round(shard.latency_ms)} ms`, "n"], [shard.guilds, "n"],
      [awake || "–"], [shard.playing, "n"], [shard.listeners, "n"], [shard.held, "n"], [orders],
    ]);
  }
  const nodes = $("nodes").querySelector("tbody");
  nodes.replaceChildren();
  for (const node of [...tree.nodes].sort((a, b) => Number(a.shards_up > 0) - Number(b.shards_up > 0))) {
    const state = node.drained ? el("span", "◌ drained", "cold") : node.shards_up ? el("span", "● up", "running")
      : el("span", `▲ ${node.why || "away"}`, "degraded");
    const base = `control/nodes/${encodeURIComponent(node.node)}`;
    const orders = el("span");
    orders.append(
      order("Reconnect", `Builds the connections of all shards with ${node.node} anew and resumes them. Players play on.`, `${base}/reconnect`, {}),
      node.drained
        ? order("Undrain", `Gives ${node.node} players again.`, `${base}/undrain`, {})
        : order("Drain", `Moves the players of ${node.guilds} guilds from ${node.node} to other nodes at once, and gives it none. Each of them may be silent for a moment.`, `${base}/drain`, {}, true),
    );
    row(nodes, [
      [node.node], [state], [node.guilds, "n"], [node.playing ?? "–", "n"],
      [node.cpu_permille === null ? "–" : `${Math.round(node.cpu_permille / 10)} %`, "n"], [node.frames_missing ?? "–", "n"], [orders],
    ]);
  }
}

// ------------------------------------------------------------------------------------------------------------ guilds

async function guilds() {
  const form = new URLSearchParams(new FormData($("filter")));
  if (after.length) form.set("after", after[after.length - 1]);
  const value = await get(`guilds?${form}`);
  const body = $("guilds").querySelector("tbody");
  body.replaceChildren();
  for (const guild of value.guilds) {
    const link = el("a", guild.name || guild.guild);
    link.href = `#${guild.guild}`;
    row(body, [
      [link], [phase(guild.phase)], [guild.track ? `${guild.playing ? "♪" : "‖"} ${guild.track}` : "–", "track"], [guild.queue, "n"],
      [guild.listeners, "n"], [guild.node || "–"], [guild.held, "n"],
    ]);
  }
  const seen = value.guilds.length;
  $("count").textContent = value.total ? `${seen} of ${value.total} guilds` : "No guild is so. Take away a filter, or invite the bot to a server.";
  $("first").hidden = !after.length;
  page = seen ? value.guilds[seen - 1].guild : null;
  $("next").hidden = seen < 50;
}

$("filter").addEventListener("input", () => { after = []; clearTimeout(guilds.timer); guilds.timer = setTimeout(refresh, 150); });
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("next").addEventListener("click", () => { after.push(page); refresh(); });
$("first").addEventListener("click", () => { after = []; refresh(); });

async function guild(id) {
  const value = await get(`guilds/${encodeURIComponent(id)}`);
  $("guild-h").textContent = value.name || value.guild;
  $("doing").replaceChildren(phase(value.phase), document.createTextNode(value.state?.track
    ? `  ${value.state.track.title} by ${value.state.track.author}, ${length(value.state.position_ms)} / ${length(value.state.track.duration)}` : "  no track"));
  $("silent").textContent = value.silent ? `Silent: ${value.silent}.` : "It is heard.";
  $("silent").className = value.silent ? "cold" : "running";
  const facts = [
    ["Id", value.guild], ["Shard", value.shard], ["Incarnation", value.incarnation], ["Revision", value.state?.revision], ["Hash", value.state?.hash],
    ["Snapshot", value.snapshot && `revision ${value.snapshot.revision}, ${Math.round(value.snapshot.age_ms / 1000)} s old`],
    ["Queue", value.queue], ["Volume", value.state && `${value.state.volume} %`], ["Loop", value.state?.loop],
    ["Autoplay", value.state && (value.state.autoplay ? "on" : "off")], ["Voice channel", value.channel], ["Listeners", value.listeners],
    ["Node", value.node], ["Inputs that wait", value.held], ["Restarts that count", value.restarts],
    ["Tried again in", value.again_in_ms === null ? null : `${Math.ceil(value.again_in_ms / 1000)} s`], ["Parked", value.parked],
  ];
  $("facts").replaceChildren(...facts.filter(([, what]) => what !== null && what !== undefined && what !== "")
    .flatMap(([name, what]) => [el("dt", name), el("dd", what)]));
  const base = `control/guilds/${encodeURIComponent(id)}`, name = value.name || value.guild;
  const orders = [];
  if (value.phase === "parked") {
    orders.push(order("Release", `Runs ${name} again, with its queue and without its player. Deaths of the past count no more.`, `${base}/release`, {}));
  } else if (value.phase !== "cold") {
    orders.push(
      order("Restart", `Starts the actor of ${name} anew after the command that it has in hand. Nothing is lost, nobody hears it, no budget is charged.`, `${base}/restart`, {}),
      order("Restart, cold", `Starts ${name} anew with its queue and settings only: its player goes and the music stops.`, `${base}/restart`, { cold: true }, true),
      order("Move", `Moves the player of ${name} to the best other audio node. It may be silent for a moment.`, `${base}/move`, {}),
      order("Put to sleep", `Saves ${name} and ends its actor. Refused while something is wanted of it.`, `${base}/passivate`, {}),
    );
  }
  if (value.phase !== "parked") orders.push(order("Park", `Runs ${name} no more until it is released. Its listeners are told that it is paused for repair.`, `${base}/park`, {}, true));
  $("orders").replaceChildren(...orders);
  $("next").dataset.empty = "Nothing is queued.";
  $("next").replaceChildren(...(value.state?.next || []).map((track) => el("li", `${track.title} by ${track.author}, ${length(track.duration)}`)));
  $("silences").dataset.empty = "None that nobody asked for.";
  $("silences").replaceChildren(...value.gaps.map((one) => el("li", `${time(one.at_ms)}  ${silence(one)}`)));
  $("inputs").dataset.empty = "Nothing came in since its actor began.";
  $("inputs").replaceChildren(...[...value.inputs].reverse().map((had) => el("li", `${time(had.at_ms)}  ${had.input}`)));
  $("death").replaceChildren(value.last_death ? death(value.last_death) : el("p", "None that is remembered.", "small"));
}

function silence(gap) {
  const why = { node: "an audio node", voice: "its voice connection", gateway: "a new gateway session" }[gap.cause];
  return `${(gap.ms / 1000).toFixed(1)} s, because of ${why || gap.cause}`;
}

function death(value) {
  const kept = value.kept ? "its state was intact" : "its state was rebuilt from the store";
  const before = value.earlier ? ", before this start," : "";
  return el("p", `${time(value.at_ms)}${before}  in ${value.cause} at ${value.place}, with ${value.input} in hand; ${kept}. Reference ${value.reference}.`);
}

async function events() {
  const value = await get("events");
  const when = (one) => time(one.at_ms) + (one.earlier ? ", before this start," : "");
  const fill = (id, empty, list, text) => {
    $(id).dataset.empty = empty;
    $(id).replaceChildren(...list.slice(0, 20).map((one) => el("li", text(one))));
  };
  fill("deaths", "No actor has died.", value.deaths,
    (one) => `${when(one)}  guild ${one.guild}: ${one.cause} at ${one.place}, with ${one.input}; ${one.reference}`);
  fill("letters", "No input has killed a guild.", value.dead_letters,
    (one) => `${when(one)}  guild ${one.guild}: ${one.input} (${one.cause}); ${one.place || "place unknown"}, ${one.deaths_there} deaths there; ${one.reference}`);
  fill("gaps", "Nobody has heard a silence that was not asked for.", value.gaps,
    (one) => `${time(one.at_ms)}  guild ${one.guild}: ${silence(one)}`);
  fill("alarms", "Guilds have not died together.", value.alarms, (one) => `${when(one)}  shard ${one.shard}: ${one.guilds} guilds died within ten seconds`);
  fill("ordered", "Nobody has ordered anything.", value.orders,
    (one) => `${when(one)}  ${one.what}: ${one.outcome}; ${one.who || "somebody"}${one.why ? `, because ${one.why}` : ""}; ${one.reference}`);
}

// ------------------------------------------------------------------------------------------------------------- pages

async function refresh() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (id !== shown) { shown = id; window.scrollTo(0, 0); }
  for (const part of ["shards", "nodes", "guilds", "events", "process"]) $(part).hidden = Boolean(id);
  $("guild").hidden = !id;
  try {
    if (id) await guild(id); else await Promise.all([guilds(), events()]);
  } catch (error) {
    if (id) { $("guild-h").textContent = id; $("doing").textContent = error.message; } else say(error.message);
  }
}

$("process-orders").append(
  order("Register commands", "Makes Discord's list of commands this release's.", "control/commands/register", {}),
  order("Restart process", "Ends this process in order with exit code 75, so that whatever started it starts it again. Players play on.", "control/process/restart", {}, true),
  order("Stop process", "Ends this process in order with exit code 0. Players play on for a minute; nobody answers commands.", "control/process/drain", {}, true),
);
for (const table of document.querySelectorAll("tbody")) table.dataset.empty = "";

const source = new EventSource("stream");
source.onmessage = (event) => { if (!$("ask").open) show(JSON.parse(event.data)); };
source.onerror = () => { $("word").textContent = "■ No answer"; $("word").className = "fault"; $("why").textContent = "The bot does not answer; asking again."; };
window.addEventListener("hashchange", () => { after = []; refresh(); });
setInterval(() => { if (!document.hidden && !$("ask").open) refresh(); }, 3000);
refresh();
