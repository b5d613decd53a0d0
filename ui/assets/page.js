// Runs once for each pane, with the pane as `element` (js_on_load of gr.HTML).

// The numbers of cards are links within the page. Followed natively they would be resolved against Gradio's
// <base>, which drops the query (?__theme=dark), so that the page would load anew and the answer be gone.
element.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]:not(.bl-marker)');
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  location.hash = link.hash; // makes it :target
  target.focus();
});

// Buttons within a pane are events of the pane: app.py says what they do.
element.addEventListener("click", (event) => {
  const marker = event.target.closest(".bl-marker");
  const button = event.target.closest("button");
  if (marker || button?.matches(".bl-whole")) {
    event.preventDefault();
    document.bylineCameFrom = marker ?? button;
    trigger("select", { place: marker ? marker.hash.slice(1) : button.value });
  }
  if (button?.name === "ask") trigger("example_select", { place: button.value });
  else if (button?.name) trigger("select", { name: button.name, place: button.value });
  if (button?.matches(".bl-literal")) trigger("retry");
  if (button?.matches(".bl-halt")) trigger("stop");
  if (button?.matches(".bl-close") || event.target.matches("dialog")) element.querySelector("dialog").close();
});

// The whole article: opened as soon as it is there, at the words that were cited. The browser keeps the focus in it
// and closes it with Escape; the way back, also the browser's own, leads to where the reader came from.
if (element.querySelector("dialog")) {
  const back = () => {
    if (history.state?.byline === "article") history.back();
    const from = document.bylineCameFrom;
    // An answer that grew meanwhile has other elements by the same names.
    const there = from?.isConnected ? from : from?.id && document.getElementById(from.id);
    there?.focus();
    there?.dispatchEvent(new Event("bl-back", { bubbles: true }));
    // Emptied, so that the same article is a new value when it is asked for again.
    props.value = "";
  };
  watch("value", () => {
    const dialog = element.querySelector("dialog");
    if (!props.value || dialog.open) return;
    dialog.showModal();
    history.pushState({ ...history.state, byline: "article" }, "");
    const words = dialog.querySelector("mark");
    words?.scrollIntoView({ block: "center" });
    words?.focus({ preventScroll: true });
    dialog.addEventListener("close", back, { once: true });
  });
  addEventListener("popstate", () => {
    const dialog = element.querySelector("dialog");
    if (dialog.open) dialog.close();
  });
}

// What a button copies or saves stands in the hidden element after it; a link to a question copies itself.
element.addEventListener("click", async (event) => {
  const button = event.target.closest(".bl-copy, .bl-save, .bl-link");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const said = element.querySelector(".bl-done");
  const kept = button.nextElementSibling;
  const text = button.href ?? kept.textContent;
  if (button.matches(".bl-save")) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = button.value;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    const isRecord = button.value.startsWith("byline-record");
    said.textContent = isRecord
      ? `Saved. “byline verify ${button.value}” compares it with the articles later.`
      : `Saved as ${button.value}.`;
    return;
  }
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied.";
    // In place too: the line for screen readers may be out of sight.
    const name = (button.dataset.name ??= button.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = name), 2_000);
  } catch {
    // No permission, or a page that was not opened on this machine: select it for the reader to copy.
    if (!button.href) kept.hidden = false;
    getSelection().selectAllChildren(button.href ? button : kept);
    said.textContent = "The browser did not allow copying; the text is selected below.";
  }
});

// The address says what was asked, so that it can be kept, sent and opened again.
if (element.querySelector("#bl-answer-title")) {
  watch("value", () => {
    const link = element.querySelector(".bl-link");
    if (!link) return;
    const address = new URL(link.href);
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (name.startsWith("__")) address.searchParams.set(name, value); // Gradio's own, as the theme
    }
    history.replaceState(history.state, "", address.pathname + address.search);
  });
}

// Gradio's accordion does not tell screen readers whether it is open, and may come later than the pane.
function describeFilters() {
  const button = document.querySelector("#bl-filters > button");
  if (!button || button.hasAttribute("aria-expanded")) return Boolean(button);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") === "false"));
  });
  return true;
}
if (!describeFilters()) {
  new MutationObserver((_, observer) => describeFilters() && observer.disconnect()).observe(document.body, {
    childList: true,
    subtree: true,
  });
}
