// Runs once for each pane, with the pane as `element` (js_on_load of gr.HTML).

// Markers and card numbers are links within the page. Followed natively they would be resolved against Gradio's
// <base>, which drops the query (?__theme=dark), so that the page would load anew and the answer be gone.
element.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  location.hash = link.hash; // makes it :target
  target.focus();
});

// Gradio's accordion does not tell screen readers whether it is open.
const filters = document.querySelector("#bl-filters > button");
if (filters && !filters.hasAttribute("aria-expanded")) {
  filters.setAttribute("aria-expanded", "false");
  filters.addEventListener("click", () => {
    filters.setAttribute("aria-expanded", String(filters.getAttribute("aria-expanded") === "false"));
  });
}
