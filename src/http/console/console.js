// The console's script: it shows what the interface says and sends orders. Words of users become text, never markup.
"use strict";

const $ = (id) => document.getElementById(id);
const SIGNS = {
  live: ["●", "running"], loading: ["▲", "degraded"], backing_off: ["▲", "degraded"], yielding: ["▲", "degraded"],
  passivating: ["◌", "cold"], cold: ["◌", "cold"], parked: ["■", "parked"], stopping: ["◌", "cold"], stopped: ["◌", "cold"],
};
// What an order that goes on was answered with, by guild.
const recordings = new Map();
let after = [], shown = null, page = null, source = null;
// Longest wait for an answer, ms, and how soon a stream that was refused is asked for again.
const ANSWER = 10000, AGAIN = 3000;
// Which round of questions is the newest, and how many are under way.
let newest = 0, asking = 0;

function el(name, text, kind) {
  const node = document.createElement(name);
  if (text !== undefined && text !== null) node.textContent = String(text);
  if (kind) node.className = kind;
  return node;
}

// Makes what `parent` holds like `nodes`, and leaves alone what is: a focus, a press of a button and a selection outlast it.
function become(parent, nodes) {
  const old = [...parent.childNodes];
  nodes.forEach((node, at) => {
    const was = old[at];
    if (!was) parent.append(node);
    else if (was.nodeName !== node.nodeName) was.replaceWith(node);
    else if (was instanceof Text) { if (was.data !== node.data) was.data = node.data; }
    else if (!was.isEqualNode(node)) {
      for (const { name } of [...was.attributes]) if (!node.hasAttribute(name)) was.removeAttribute(name);
      for (const { name, value } of [...node.attributes]) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
      become(was, [...node.childNodes]);
    }
  });
  for (const node of old.slice(nodes.length)) node.remove();
}

function row(cells) {
  const line = el("tr");
  for (const [content, kind] of cells) {
    const cell = el("td", typeof content === "object" ? undefined : content, kind);
    if (content instanceof Node) cell.append(content);
    line.append(cell);
  }
  return line;
}

function phase(name) {
  const [sign, kind] = SIGNS[name] || ["▲", "degraded"];
  return el("span", `${sign} ${name.replace("_", " ")}`, kind);
}

function length(ms) {
  if (ms === null || ms === undefined) return "live";
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(ANSWER) });
  const value = await response.json();
  if (!response.ok) throw new Error(`${value.title}: ${value.detail}`);
  return value;
}

// ------------------------------------------------------------------------------------------------------------ orders

let pending = null;

function order(label, what, path, body, grave) {
  const button = el("button", label, grave ? "grave" : "");
  button.type = "button";
  button.dataset.order = JSON.stringify({ label, what, path, body });
  return button;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-order]");
  if (!button) return;
  pending = { ...JSON.parse(button.dataset.order), guild: shown };
  $("ask-h").textContent = pending.label;
  $("ask-what").textContent = pending.what;
  $("ask").querySelector(".go").textContent = pending.label;
  $("ask").querySelector("[name=who]").value = sessionStorage.getItem("who") || "";
  $("ask").querySelector("[name=why]").value = "";
  $("ask").returnValue = "";
  $("ask").showModal();
});

$("ask").addEventListener("close", async () => {
  if ($("ask").returnValue !== "yes" || !pending) return;
  const { path, body, label, guild } = pending;
  pending = null;
  const who = $("ask").querySelector("[name=who]").value;
  sessionStorage.setItem("who", who);
  const sent = { ...body, who, why: $("ask").querySelector("[name=why]").value };
  try {
    const response = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(sent),
      signal: AbortSignal.timeout(ANSWER),
    });
    const value = await response.json();
    say(response.ok ? `${label}: done. Reference ${value.reference}.` : `${label}: ${value.title}. ${value.detail}`);
    if (value.file) recordings.set(guild, { ...value, until_ms: Date.now() + value.for_s * 1000 });
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
    [tree.playing, `of ${tree.guilds} guilds play`], [tree.listeners, "listen"],
    [lasting(tree.longest_gap_ms ?? 0), "longest gap in an hour"],
    [tree.deaths, "deaths since the start"], [sum((shard) => shard.held), "inputs wait"],
  ];
  become($("figures"), list.map(([number, what]) => {
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
  const ill = (shard) => Number(!shard.connected || !shard.served);
  become($("shards").querySelector("tbody"), [...tree.shards].sort((a, b) => ill(b) - ill(a) || a.shard - b.shard).map((shard) => {
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
    return row([
      [shard.shard], [state], [shard.latency_ms === null ? "–" : `${Math.round(shard.latency_ms)} ms`, "n"], [shard.guilds, "n"],
      [awake || "–"], [shard.playing, "n"], [shard.listeners, "n"], [shard.held, "n"], [orders],
    ]);
  }));
  become($("nodes").querySelector("tbody"), [...tree.nodes].sort((a, b) => Number(a.shards_up > 0) - Number(b.shards_up > 0)).map((node) => {
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
    return row([
      [node.node], [state], [node.guilds, "n"], [node.playing ?? "–", "n"],
      [node.cpu_permille === null ? "–" : `${Math.round(node.cpu_permille / 10)} %`, "n"], [node.frames_missing ?? "–", "n"], [orders],
    ]);
  }));
}

// ------------------------------------------------------------------------------------------------------------ guilds

// What stands first while nobody has asked for anything: what is wrong, then what plays.
const FIRST = ["phase=parked", "phase=backing_off", "playing=true"];

async function guilds(round) {
  const form = new URLSearchParams([...new FormData($("filter"))].filter(([, what]) => what));
  const plain = !form.size && !after.length;
  if (after.length) form.set("after", after[after.length - 1]);
  const asked = [...(plain ? FIRST.map((what) => `${what}&limit=20`) : []), form].map((what) => get(`guilds?${what}`));
  const answers = await Promise.all(asked), value = answers.at(-1);
  if (round !== newest) return;
  const rows = new Map(answers.flatMap((answer) => answer.guilds).map((guild) => [guild.guild, guild]));
  become($("guilds").querySelector("tbody"), [...rows.values()].map((guild) => {
    const link = el("a", guild.name || guild.guild);
    link.href = `#${guild.guild}`;
    return row([
      [link], [phase(guild.phase)], [guild.track ? `${guild.playing ? "♪" : "‖"} ${guild.track}` : "–", "track"], [guild.queue, "n"],
      [guild.listeners, "n"], [guild.node || "–"], [guild.held, "n"],
    ]);
  }));
  const seen = value.guilds.length;
  $("count").textContent = value.total ? `${rows.size} of ${value.total} guilds` : "No guild is so. Take away a filter, or invite the bot to a server.";
  $("first").hidden = !after.length;
  page = seen ? value.guilds[seen - 1].guild : null;
  $("next").hidden = seen < 50;
}

$("filter").addEventListener("input", () => { after = []; clearTimeout(guilds.timer); guilds.timer = setTimeout(refresh, 150); });
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("next").addEventListener("click", () => { after.push(page); refresh(); });
$("first").addEventListener("click", () => { after = []; refresh(); });

function guild(value) {
  $("guild-h").textContent = value.name || value.guild;
  become($("doing"), [phase(value.phase), document.createTextNode(value.state?.track
    ? `  ${value.state.track.title} by ${value.state.track.author}, ${length(value.state.position_ms)} / ${length(value.state.track.duration)}` : "  no track")]);
  $("silent").textContent = value.silent ? `Silent: ${value.silent}.` : value.unsure ? `Not known: ${value.unsure}.` : "It is heard.";
  $("silent").className = value.silent || value.unsure ? "cold" : "running";
  const facts = [
    ["Id", value.guild], ["Shard", value.shard], ["Incarnation", value.incarnation], ["Revision", value.state?.revision], ["Hash", value.state?.hash],
    ["Snapshot", value.snapshot && `revision ${value.snapshot.revision}, ${Math.round(value.snapshot.age_ms / 1000)} s old`],
    ["Queue", value.queue], ["Volume", value.state && `${value.state.volume} %`], ["Loop", value.state?.loop],
    ["Autoplay", value.state && (value.state.autoplay ? "on" : "off")], ["Voice channel", value.channel], ["Listeners", value.listeners],
    ["Node", value.node], ["Inputs that wait", value.held], ["Restarts that count", value.restarts],
    ["Tried again in", value.again_in_ms === null ? null : `${Math.ceil(value.again_in_ms / 1000)} s`], ["Parked", value.parked],
  ];
  become($("facts"), facts.filter(([, what]) => what !== null && what !== undefined && what !== "")
    .map(([name, what]) => {
      const pair = el("div");
      pair.append(el("dt", name), el("dd", what));
      return pair;
    }));
  draw(value);
  become($("orders"), orders(value));
  become($("recorded"), recorded(value));
  const list = (id, empty, lines) => {
    $(id).dataset.empty = empty;
    become($(id), lines.map((line) => el("li", line)));
  };
  list("queued", "Nothing is queued.", (value.state?.next || []).map((track) => `${track.title} by ${track.author}, ${length(track.duration)}`));
  list("silences", "None that nobody asked for.", value.gaps.map((one) => `${clock(one.at_ms)}  ${gapWords(one)}`));
  list("inputs", "Nothing came in since its actor began.", [...value.inputs].reverse().map((had) => `${clock(had.at_ms)}  ${had.input}`));
  become($("death"), [value.last_death ? death(value.last_death) : el("p", "None that is remembered.", "small")]);
}

function draw(value) {
  const { parts, label, told } = timeline(value, Number($("span").value) * 60000);
  become($("drawing"), parts);
  $("timeline").setAttribute("aria-label", label);
  $("told").dataset.empty = "Nothing is known of this time: it slept, or the process is younger.";
  become($("told"), told.map((line) => el("li", line)));
}

function orders(value) {
  const id = value.guild;
  const base = `control/guilds/${encodeURIComponent(id)}`, name = value.name || value.guild;
  const all = [];
  if (value.phase === "parked") {
    all.push(order("Release", `Runs ${name} again, with its queue and without its player. Deaths of the past count no more.`, `${base}/release`, {}));
  } else if (value.phase !== "cold") {
    all.push(
      order("Restart", `Starts the actor of ${name} anew after the command that it has in hand. Nothing is lost, nobody hears it, no budget is charged.`, `${base}/restart`, {}),
      order("Restart, cold", `Starts ${name} anew with its queue and settings only: its player goes and the music stops.`, `${base}/restart`, { cold: true }, true),
      order("Move", `Moves the player of ${name} to the best other audio node. It may be silent for a moment.`, `${base}/move`, {}),
      order("Put to sleep", `Saves ${name} and ends its actor. Refused while something is wanted of it.`, `${base}/passivate`, {}),
      order("Record", `Writes down for a minute what goes into ${name} and what follows, without tokens and without what listeners wrote. Nobody hears it. It becomes a new file under ${value.recordings} on the bot's machine, to be played with: ostinato replay FILE`, `${base}/record`, { for_s: 60 }),
    );
  }
  if (value.phase !== "parked") all.push(order("Park", `Runs ${name} no more until it is released. Its listeners are told that it is paused for repair.`, `${base}/park`, {}, true));
  return all;
}

// Where the recording lies that was ordered here, and how it is played.
function recorded(value) {
  const one = recordings.get(value.guild);
  if (!one) return [];
  const state = Date.now() < one.until_ms ? `Recording until ${clock(one.until_ms)}.` : "Recorded.";
  return [document.createTextNode(`${state} On the bot's machine: `), el("code", `ostinato replay ${/\s/.test(one.file) ? `'${one.file}'` : one.file}`)];
}

function death(value) {
  const kept = value.kept ? "its state was intact" : "its state was rebuilt from the store";
  const before = value.earlier ? ", before this start," : "";
  return el("p", `${clock(value.at_ms)}${before}  in ${value.cause} at ${value.place}, with ${value.input} in hand; ${kept}. Reference ${value.reference}.`);
}

async function events(round) {
  const value = await get("events");
  if (round !== newest) return;
  const when = (one) => clock(one.at_ms) + (one.earlier ? ", before this start," : "");
  const fill = (id, empty, list, text) => {
    $(id).dataset.empty = empty;
    become($(id), list.slice(0, 20).map((one) => el("li", text(one))));
  };
  fill("deaths", "No actor has died.", value.deaths,
    (one) => `${when(one)}  guild ${one.guild}: ${one.cause} at ${one.place}, with ${one.input}; ${one.reference}`);
  fill("letters", "No input has killed a guild.", value.dead_letters,
    (one) => `${when(one)}  guild ${one.guild}: ${one.input} (${one.cause}); ${one.place || "place unknown"}, ${one.deaths_there} deaths there; ${one.reference}`);
  fill("gaps", "Nobody has heard a silence that was not asked for.", value.gaps,
    (one) => `${clock(one.at_ms)}  guild ${one.guild}: ${gapWords(one)}`);
  fill("alarms", "Guilds have not died together.", value.alarms, (one) => `${when(one)}  shard ${one.shard}: ${one.guilds} guilds died within ten seconds`);
  fill("ordered", "Nobody has ordered anything.", value.orders,
    (one) => `${when(one)}  ${one.what}: ${one.outcome}; ${one.who || "somebody"}${one.why ? `, because ${one.why}` : ""}; ${one.reference}`);
}

// ------------------------------------------------------------------------------------------------------------- pages

async function refresh() {
  const id = location.hash.slice(1), round = ++newest;
  if (id !== shown) { shown = id; window.scrollTo(0, 0); listen(id); }
  for (const part of ["shards", "nodes", "guilds", "events", "process"]) $(part).hidden = Boolean(id);
  $("guild").hidden = !id;
  asking += 1;
  try {
    if (!id) return await Promise.all([guilds(round), events(round)]);
    const value = await get(`guilds/${encodeURIComponent(id)}`);
    // An answer that comes after a later question is of something else.
    if (round === newest) guild(value);
  } catch (error) {
    if (round !== newest) return;
    if (id) { $("guild-h").textContent = id; $("doing").textContent = error.message; } else say(error.message);
  } finally {
    asking -= 1;
  }
}

$("process-orders").append(
  order("Register commands", "Makes Discord's list of commands this release's.", "control/commands/register", {}),
  order("Restart process", "Ends this process in order with exit code 75, so that whatever started it starts it again. Players play on.", "control/process/restart", {}, true),
  order("Stop process", "Ends this process in order with exit code 0. Players play on for a minute; nobody answers commands.", "control/process/drain", {}, true),
);
for (const table of document.querySelectorAll("tbody")) table.dataset.empty = "";

// The tree, and the guild that is looked at, once a second.
function listen(id) {
  source?.close();
  const mine = source = new EventSource(id ? `stream?guild=${encodeURIComponent(id)}` : "stream");
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.addEventListener("guild", (event) => {
    const value = JSON.parse(event.data);
    if (!value) refresh(); else if (value.guild === shown) guild(value);
  });
  source.onerror = () => {
    $("word").textContent = "■ No answer"; $("word").className = "fault"; $("why").textContent = "The bot does not answer; asking again.";
    // A browser asks again by itself when nobody answers, and never when somebody answers no, as a proxy does for a bot that starts.
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => { if (mine === source) listen(shown); }, AGAIN);
  };
}

window.addEventListener("hashchange", () => { after = []; refresh(); });
$("span").addEventListener("change", refresh);
setInterval(() => { if (!document.hidden && !shown && !asking) refresh(); }, 3000);
refresh();
