// Puts the pieces of the page in their places as they come, sends forms without leaving the page, and offers commands.
(() => {
  "use strict";

  const body = document.body;
  const text = document.getElementById("text");
  const offers = document.getElementById("offers");
  const lines = document.getElementById("lines");
  let events = null;
  let commands = [];
  let chosen = 0;
  // What the bot offers for an option that is being typed, and for which text it did.
  let found = { for: null, offers: [] };
  // Something was gone to with the arrow keys.
  let moved = false;

  // ---- pieces

  function put(id, html) {
    const place = document.getElementById(id);
    if (!place) return;
    const bottom = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
    const focus = place.contains(document.activeElement) ? path(place, document.activeElement) : null;
    place.innerHTML = html;
    if (place === lines && bottom) place.scrollTop = place.scrollHeight;
    if (focus) place.querySelectorAll(focus.kind)[focus.number]?.focus({ preventScroll: true });
    stamps();
  }

  // Where a control stands in its piece, to give it the focus back when the piece is drawn anew.
  function path(place, element) {
    const kind = element.tagName.toLowerCase();
    return { kind, number: [...place.querySelectorAll(kind)].indexOf(element) };
  }

  function open() {
    events?.close();
    events = new EventSource(`/events?guild=${body.dataset.guild}&as=${body.dataset.as}`);
    events.addEventListener("piece", (event) => {
      const piece = JSON.parse(event.data);
      put(piece.id, piece.html);
    });
    events.addEventListener("sound", (event) => {
      document.dispatchEvent(new CustomEvent("sandbox:sound", { detail: JSON.parse(event.data) }));
    });
  }

  function go(guild, user) {
    body.dataset.guild = guild;
    body.dataset.as = user;
    for (const [name, value] of [["guild", guild], ["as", user]]) {
      document.querySelector(`#composer input[name=${name}]`).value = value;
    }
    history.replaceState(null, "", `/?guild=${guild}&as=${user}`);
    open();
  }

  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  function stamps() {
    for (const stamp of document.querySelectorAll("time[data-at]")) {
      const seconds = Math.round(Number(stamp.dataset.at) - Date.now() / 1000);
      const words = Math.abs(seconds) < 60 ? relative.format(seconds, "second") : relative.format(Math.round(seconds / 60), "minute");
      if (stamp.textContent !== words) stamp.textContent = words;
    }
  }

  // ---- forms and links

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const sent = new URLSearchParams(new FormData(form));
    if (form.id === "composer") {
      text.value = "";
      close();
      text.focus();
    }
    fetch(form.action, { method: "POST", body: sent, headers: { "x-page": "1" } });
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-guild], a[data-as]");
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (link.dataset.guild) go(link.dataset.guild, body.dataset.as);
    else go(body.dataset.guild, link.dataset.as);
  });

  // ---- commands

  // What the line begins with: a slash, or what makes a message a command.
  const lead = (typed) => ["/", "!", "@bot "].find((one) => typed.startsWith(one));

  // The command that a line begins with, once there is a space behind its name, and the words that follow.
  function parts(line) {
    const command = commands.find((one) => line.startsWith(one.name + " "));
    return command ? { command, rest: line.slice(command.name.length + 1).split(" ") } : { command: null, rest: [] };
  }

  function matches() {
    const typed = text.value;
    const begin = lead(typed);
    if (!begin) {
      return typed && "@bot".startsWith(typed) ? [{ words: "@bot", about: "mention the bot", value: "@bot " }] : [];
    }
    const { command, rest } = parts(typed.slice(begin.length));
    if (!command) {
      const line = typed.slice(begin.length).toLowerCase();
      const fits = commands.filter((command) => command.name.startsWith(line));
      return fits.map((command) => ({ words: begin + command.name, about: command.description, value: `${begin}${command.name} ` }));
    }
    const open = begin === "/" && searched(command, typed);
    if (open) return asked(typed, open);
    const last = rest[rest.length - 1];
    const [option, value] = last.includes(":") ? last.split(":", 2) : [null, null];
    const before = typed.slice(0, typed.length - last.length);
    const known = (command.options || []).find((one) => one.name === option);
    if (known && known.choices) {
      const fits = known.choices.filter((choice) => String(choice.value).startsWith(value));
      return fits.map((choice) => ({ words: String(choice.value), about: choice.name, value: `${before}${option}:${choice.value} ` }));
    }
    if (option) return [];
    // In a message words fill the options in order: only the first word is helped with.
    if (begin !== "/") {
      const first = (command.options || [])[0];
      const fits = rest.length === 1 && first && first.choices ? first.choices : [];
      return fits
        .filter((choice) => String(choice.value).startsWith(last))
        .map((choice) => ({ words: String(choice.value), about: choice.name, value: `${before}${choice.value}` }));
    }
    const free = (command.options || []).filter((one) => !typed.includes(one.name + ":") && one.name.startsWith(last));
    return free.map((one) => ({ words: one.name, about: one.description, value: `${before}${one.name}:` }));
  }

  // The option at the end of the line, if the bot offers values of it: its name, and where its value begins.
  function searched(command, typed) {
    const places = (command.options || []).map((one) => ({ one, at: typed.lastIndexOf(` ${one.name}:`) }));
    const last = places.filter((place) => place.at >= 0).sort((a, b) => b.at - a.at)[0];
    return last && last.one.autocomplete ? { name: last.one.name, from: last.at + last.one.name.length + 2 } : null;
  }

  // Asks the bot once the typing rests; until it answers, nothing is offered.
  let asking = 0;
  function asked(typed, open) {
    if (found.for !== typed) {
      clearTimeout(asking);
      asking = setTimeout(async () => {
        const query = new URLSearchParams({ guild: body.dataset.guild, as: body.dataset.as, text: typed });
        const answer = await fetch(`/complete?${query}`);
        found = { for: typed, offers: answer.ok ? await answer.json() : [] };
        if (text.value === typed) offer();
      }, 150);
      return [];
    }
    return found.offers.map((one) => ({ words: one.name, about: "", value: typed.slice(0, open.from) + one.value }));
  }

  function offer() {
    const all = matches();
    chosen = Math.min(chosen, Math.max(0, all.length - 1));
    offers.replaceChildren(...all.map((one, number) => {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.id = "offer" + number;
      item.setAttribute("aria-selected", String(number === chosen));
      const name = document.createElement("b");
      name.textContent = one.words;
      const about = document.createElement("span");
      about.textContent = one.about;
      item.append(name, about);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(one); });
      return item;
    }));
    offers.hidden = all.length === 0;
    text.setAttribute("aria-expanded", String(!offers.hidden));
    if (all.length) text.setAttribute("aria-activedescendant", "offer" + chosen);
    else text.removeAttribute("aria-activedescendant");
    offers.children[chosen]?.scrollIntoView({ block: "nearest" });
    return all;
  }

  function take(one) {
    text.value = one.value;
    chosen = 0;
    moved = false;
    offer();
    text.focus();
  }

  function close() {
    offers.hidden = true;
    text.setAttribute("aria-expanded", "false");
  }

  text.addEventListener("input", () => { chosen = 0; moved = false; offer(); });
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (offers.hidden) return;
    const all = matches();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      // Of what was searched for nothing is gone to before the first key.
      const stays = !moved && found.for === text.value && event.key === "ArrowDown";
      if (!stays) chosen = (chosen + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length;
      moved = true;
      offer();
    } else if (event.key === "Escape") {
      close();
    } else if (event.key === "Tab" || (event.key === "Enter" && all[chosen] && needs(all[chosen]))) {
      event.preventDefault();
      take(all[chosen]);
    }
  });

  // Enter sends what is whole, and completes what is not.
  function needs(one) {
    const begin = lead(text.value);
    if (!begin) return true;
    const { command, rest: words } = parts(text.value.slice(begin.length).trim() + " ");
    if (!command) return true;
    const rest = words.filter((word) => word !== "");
    // What was searched for is chosen with the arrow keys and Enter, or sent as it is typed.
    if (begin === "/" && searched(command, text.value)) return moved;
    if (begin !== "/") return rest.length === 0 && (command.options || []).some((option) => option.required);
    if (rest.length && !one.words.includes(rest[rest.length - 1])) return false;
    return (command.options || []).some((option) => option.required && !text.value.includes(option.name + ":"));
  }

  async function learn() {
    const known = await (await fetch("/commands")).json();
    // A command with subcommands is each of these, by both its words.
    commands = known.flatMap((command) => {
      const subs = (command.options || []).filter((option) => option.type === 1);
      return subs.length ? subs.map((sub) => ({ ...sub, name: `${command.name} ${sub.name}` })) : [command];
    });
    commands.sort((a, b) => a.name.localeCompare(b.name));
  }

  learn();
  open();
  lines.scrollTop = lines.scrollHeight;
  setInterval(stamps, 1000);
})();
