// Runs once for each pane, after page.js: what a marker cites is shown beside it while the pointer or the focus is on
// it. Shown is a copy of the card, which the server has escaped; nothing here makes markup of a text.
const peek = element.querySelector(".bl-peek");
if (peek) {
  let shownFor = null;
  let timer = 0;

  const place = () => {
    const at = shownFor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = peek;
    const below = at.bottom + height + 8 <= innerHeight || at.top < height + 8;
    peek.style.left = `${Math.max(8, Math.min(at.left - 16, document.documentElement.clientWidth - width - 8))}px`;
    peek.style.top = `${below ? at.bottom + 4 : at.top - height - 4}px`;
  };
  const hide = () => {
    clearTimeout(timer);
    if (!shownFor) return;
    shownFor.removeAttribute("aria-describedby");
    document.getElementById(shownFor.hash.slice(1))?.classList.remove("bl-lit");
    shownFor = null;
    peek.hidePopover();
    removeEventListener("scroll", follow, true);
  };
  const follow = (event) => {
    if (event.target === peek) return;
    if (shownFor?.isConnected) place();
    else hide();
  };
  const show = (marker) => {
    clearTimeout(timer);
    const card = document.getElementById(marker.hash.slice(1));
    if (shownFor === marker || !card) return;
    hide();
    const parts = card.querySelectorAll(":scope > :is(.bl-meta, h3, blockquote, .bl-verdict, .bl-beside, .bl-bears, .bl-deeds)");
    peek.replaceChildren(...[...parts].map((part) => part.cloneNode(true)));
    peek.querySelector("blockquote")?.removeAttribute("tabindex");
    shownFor = marker;
    marker.setAttribute("aria-describedby", peek.id);
    card.classList.add("bl-lit");
    peek.showPopover({ source: marker }); // the source is where Tab comes from and goes back to
    place();
    addEventListener("scroll", follow, true);
  };
  const later = (what, ms) => {
    clearTimeout(timer);
    timer = setTimeout(what, ms);
  };

  element.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return; // a finger opens the article
    const marker = event.target.closest(".bl-marker");
    if (marker) later(() => show(marker), 150);
    else if (event.target.closest(".bl-peek")) clearTimeout(timer);
  });
  element.addEventListener("pointerout", (event) => {
    const kept = peek.contains(document.activeElement) || shownFor === document.activeElement;
    if (event.target.closest(".bl-marker, .bl-peek") && !kept) later(hide, 300);
  });
  element.addEventListener("focusin", (event) => {
    const marker = event.target.closest(".bl-marker");
    if (marker?.matches(":focus-visible")) show(marker);
  });
  element.addEventListener("focusout", (event) => {
    const to = event.relatedTarget;
    if (!peek.contains(to) && to !== shownFor) hide();
  });
  element.addEventListener("bl-back", hide); // from the article: the reader has seen it
  element.addEventListener("click", (event) => {
    if (event.target.closest(".bl-marker, .bl-whole")) hide();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shownFor) return;
    const marker = shownFor;
    if (peek.contains(document.activeElement)) marker.focus();
    hide();
  });
}
