// What was heard of a guild lately, as a drawing and as words. It knows no page: it makes nodes from what the interface says.
"use strict";

// Rows of the drawing, px from its top.
const ROWS = { words: 11, bar: 18, below: 42, node: 57, signs: 73, inputs: 78, axis: 92, times: 107 };
const KINDS = { sound: "sound", wanted: "silence", beginning: "silence", fault: "gap" };
// What passes within this, ms, is how things begin: no fault.
const MOMENT = 300;
const CAUSES = { node: "an audio node", voice: "its voice connection", gateway: "a new gateway session" };

function drawn(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function titled(node, title) {
  node.append(drawn("title", {}, title));
  return node;
}

function clock(ms, fine = true) {
  return new Date(ms).toLocaleTimeString([], fine ? {} : { hour: "2-digit", minute: "2-digit" });
}

function lasting(ms) {
  if (ms < 10000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms % 60000 / 1000);
  return `${Math.floor(ms / 60000)} min${seconds ? ` ${seconds} s` : ""}`;
}

function count(all, one, many) {
  return `${all.length} ${all.length === 1 ? one : many}`;
}

function gapWords(gap) {
  return `${lasting(gap.ms)}, because of ${CAUSES[gap.cause] || gap.cause}`;
}

// What is known, cut to what is shown: each stretch until the next one begins.
function stretches(value, from) {
  const turns = value.lately;
  return turns
    .map((turn, at) => ({ ...turn, to: turns[at + 1]?.at_ms ?? value.now_ms, began: turn.at_ms, fresh: turn.incarnation !== turns[at - 1]?.incarnation }))
    .filter((turn) => turn.to >= from)
    .map((turn) => ({ ...turn, from: Math.max(turn.began, from), kind: turn.kind === "fault" && turn.to - turn.began < MOMENT ? "beginning" : turn.kind }));
}

function stretchWords(turn) {
  const what = turn.kind === "sound" ? `sound from ${turn.node || "its node"}` : turn.kind === "unknown" ? turn.why : `silence: ${turn.why}`;
  return `${what}, ${lasting(turn.to - turn.began)}`;
}

function scale(place, from, now) {
  const step = [15000, 60000, 300000, 600000, 900000].find((step) => (now - from) / step <= 6) || 1800000;
  const parts = [drawn("line", { class: "axis", x1: "0", x2: "100%", y1: ROWS.axis, y2: ROWS.axis })];
  for (let at = Math.ceil(from / step) * step; at <= now; at += step) {
    const x = place(at), share = parseFloat(x);
    parts.push(drawn("line", { class: "axis", x1: x, x2: x, y1: ROWS.bar, y2: ROWS.axis + 4 }));
    if (share > 4 && share < 96) parts.push(drawn("text", { class: "soft", x, y: ROWS.times, "text-anchor": "middle" }, clock(at, step < 60000)));
  }
  return parts;
}

// Words over the bar or under it, each with its place; one that would run into the one before is left to the list.
function words(row, kind, width, all) {
  const last = 100 - width;
  let free = -1;
  return all.map(([x, text]) => [parseFloat(x), x, text]).sort(([one], [other]) => one - other).flatMap(([share, x, text]) => {
    if (share < free) return [];
    free = share + width;
    return [drawn("text", { class: kind, x, dx: share > last ? -3 : 3, y: row, "text-anchor": share > last ? "end" : "start" }, text)];
  });
}

function timeline(value, span) {
  const now = value.now_ms, from = now - span;
  const place = (at) => `${Math.min(100, Math.max(0, (at - from) / span * 100)).toFixed(2)}%`;
  const bar = (kind, begin, end, title) => titled(drawn("rect", {
    class: kind, x: place(begin), width: `${(Math.max(0, Math.min(end, now) - Math.max(begin, from)) / span * 100).toFixed(2)}%`,
    // A gap sticks out: it is to be seen by its shape too.
    y: ROWS.bar - (kind === "gap" ? 3 : 0), height: ROWS.below - ROWS.bar + (kind === "gap" ? 6 : 0),
  }), title);
  const sign = (kind, at, text, title) => titled(drawn("text", { class: kind, x: place(at), y: ROWS.signs, "text-anchor": "middle" }, text), title);
  const kept = stretches(value, from), gaps = value.gaps.filter((gap) => gap.at_ms >= from), deaths = value.deaths.filter((one) => one.at_ms >= from);
  // What an actor had had is told by its death alone.
  const inputs = [...value.last_death?.before ?? [], ...value.inputs].filter((one) => one.at_ms >= from);
  const over = gaps.map((gap) => [place(gap.at_ms - gap.ms), gapWords(gap)]), under = [];
  const parts = scale(place, from, now);
  const known = kept[0]?.from ?? now;
  if (known - from > span / 3) parts.push(drawn("text", { class: "soft", x: "0", y: ROWS.bar + 16 }, "not known"));
  let node = null;
  for (const turn of kept) {
    parts.push(bar(KINDS[turn.kind] || "silence", turn.from, turn.to, stretchWords(turn)));
    const counted = gaps.some((gap) => gap.at_ms >= turn.from && gap.at_ms - gap.ms <= turn.to);
    if (turn.kind === "fault" && !counted) over.push([place(turn.from), `${lasting(turn.to - turn.began)}: ${turn.why}`]);
    if (turn.node && turn.node !== node) {
      node = turn.node;
      parts.push(drawn("line", { class: "turn", x1: place(turn.from), x2: place(turn.from), y1: ROWS.below, y2: ROWS.node }));
      under.push([place(turn.from), node]);
    }
  }
  for (const gap of gaps) parts.push(bar("gap", gap.at_ms - gap.ms, gap.at_ms, `nobody asked for it: ${gapWords(gap)}`));
  parts.push(...words(ROWS.words, "fault", 45, over), ...words(ROWS.node, "soft", 7, under));
  for (const one of inputs) {
    // What people did stands out from what nodes, Discord and timers say, whose names are in brackets.
    const own = one.input.startsWith("("), x = place(one.at_ms);
    parts.push(titled(drawn("line", { class: own ? "input" : "input command", x1: x, x2: x, y1: ROWS.inputs + (own ? 7 : 0), y2: ROWS.axis }), `${clock(one.at_ms)} ${one.input}`));
  }
  for (const one of deaths) parts.push(sign("fault", one.at_ms, "✕", `${clock(one.at_ms)} its actor died with ${one.input} in hand; ${one.reference}`));
  const lives = kept.filter((turn) => turn.fresh && turn.began >= from && turn.incarnation !== "0");
  for (const one of lives) {
    // A death has its own sign, and the next life follows at once.
    const mourned = deaths.some((death) => one.began >= death.at_ms && one.began - death.at_ms < span / 40);
    if (!mourned) parts.push(sign("turn", one.began, "↻", `${clock(one.began)} its actor began`));
  }
  const heard = kept.filter((turn) => turn.kind === "sound").reduce((all, turn) => all + turn.to - turn.from, 0);
  const said = [
    `The last ${lasting(span)}: heard for ${lasting(heard)}`, count(gaps, "silence that nobody asked for", "silences that nobody asked for"),
    count(deaths, "death", "deaths"), count(inputs, "input", "inputs"),
  ];
  const told = [
    ...kept.map((turn) => [turn.from, stretchWords(turn)]), ...gaps.map((gap) => [gap.at_ms, `end of a silence that nobody asked for: ${gapWords(gap)}`]),
    ...deaths.map((one) => [one.at_ms, `its actor died with ${one.input} in hand; ${one.reference}`]), ...lives.map((one) => [one.began, "its actor began"]),
  ];
  told.sort(([one], [other]) => other - one);
  return { parts, label: `${said.join(", ")}.`, told: told.map(([at, text]) => `${clock(at)}  ${text}`) };
}
