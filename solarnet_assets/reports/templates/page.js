(() => {
  "use strict";
  const root = document.documentElement;
  const labels = ["aria-label", "alt", "title"];
  const buttons = [...document.querySelectorAll("[data-speak]")];
  const theme = document.getElementById("theme");
  const kept = (key) => { try { return localStorage.getItem(`solarnet-${key}`); } catch { return null; } };
  const keep = (key, value) => { try { localStorage.setItem(`solarnet-${key}`, value); } catch { /* a reader may forbid it */ } };

  // Every text that differs carries the other language: exchanging the two is the whole switch.
  const speak = (language) => {
    const wanted = language === "zh" ? "zh-Hans" : "en";
    if (root.lang !== wanted) {
      for (const node of document.querySelectorAll("[data-t]")) {
        const other = node.getAttribute("data-t");
        node.setAttribute("data-t", node.textContent);
        node.textContent = other;
      }
      for (const name of labels) {
        for (const node of document.querySelectorAll(`[data-t-${name}]`)) {
          const other = node.getAttribute(`data-t-${name}`);
          node.setAttribute(`data-t-${name}`, node.getAttribute(name));
          node.setAttribute(name, other);
        }
      }
      root.lang = wanted;
    }
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.speak === language));
  };
  const dress = (choice) => {
    if (choice) root.dataset.theme = choice; else delete root.dataset.theme;
    theme.value = choice;
  };
  // Pointing at a chart reads that day in the panel's head; the table below holds the same for everybody.
  const point = (svg, panel) => {
    const now = panel.querySelector(".now"), read = now.cloneNode(false);
    const [left, width, first, last] = svg.dataset.days.split(" ").map(Number);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "pointer");
    read.hidden = true;
    now.after(read);
    const show = (row, x) => {
      now.hidden = Boolean(row);
      read.hidden = !row;
      line.remove();
      if (!row) return;
      const [day, value, lower, upper] = [...row.cells].map((cell) => cell.textContent);
      const strong = document.createElement("strong");
      strong.textContent = value;
      read.replaceChildren(strong, ` ${lower} – ${upper}  ${day}`);
      for (const [name, at] of [["x1", x], ["x2", x], ["y1", 0], ["y2", svg.viewBox.baseVal.height - 24]]) line.setAttribute(name, at);
      svg.append(line);
    };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const share = ((event.clientX - box.left) / box.width * svg.viewBox.baseVal.width - left) / width;
      const day = Math.round(first + Math.min(Math.max(share, 0), 1) * (last - first));
      show(panel.querySelector(`tr[data-day="${day}"]`), left + width * (day - first) / (last - first));
    });
    svg.addEventListener("pointerleave", () => show(null, 0));
  };
  for (const svg of document.querySelectorAll(".panel svg[data-days]")) {
    const panel = svg.closest(".panel");
    if (panel.querySelector("tr[data-day]")) point(svg, panel);
  }

  const asked = new URLSearchParams(location.search);
  const first = asked.get("lang") || kept("lang") || navigator.language;
  speak(first.startsWith("zh") ? "zh" : "en");
  const look = asked.get("theme") || kept("theme") || "";
  dress(["light", "dark"].includes(look) ? look : "");
  for (const button of buttons) {
    button.addEventListener("click", () => { speak(button.dataset.speak); keep("lang", button.dataset.speak); });
  }
  theme.addEventListener("change", () => { dress(theme.value); keep("theme", theme.value); });
  document.querySelector(".controls").hidden = false;
})();
