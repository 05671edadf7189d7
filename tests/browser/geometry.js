// The faults in the geometry of a page: texts and marks that overlap, texts outside their boxes, a page that is too wide.
() => {
  const faults = [];
  const told = (text) => JSON.stringify(text.trim().slice(0, 60));
  if (document.documentElement.scrollWidth > innerWidth)
    faults.push(`wider than the page: ${document.documentElement.scrollWidth} of ${innerWidth} px`);

  // Left out: what is not shown, and what only screen readers get (the link to the main part, headings of stacked tables).
  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !element.closest(".to-main, .symbols") &&
    getComputedStyle(element.closest("thead") ?? element).clipPath === "none";

  // A piece is one line of a text, or a mark; of what scrolls in a box, what stands in the box now.
  const pieces = [];
  const inView = (element, box) => {
    let { left, right, top, bottom } = box;
    for (let outer = element; outer && outer !== document.body; outer = outer.parentElement)
      if (/auto|scroll/.test(getComputedStyle(outer).overflowY)) {
        const room = outer.getBoundingClientRect();
        [top, bottom] = [Math.max(top, room.top), Math.min(bottom, room.bottom)];
      }
    return bottom > top ? { left, right, top, bottom, width: right - left, height: bottom - top } : null;
  };
  const add = (node, element, text, isText, box) => {
    const seen = inView(element, box);
    if (seen && seen.width > 0.5) pieces.push({ node, element, text, isText, box: seen });
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || !isShown(node.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) add(node, node.parentElement, node.data, true, box);
  }
  for (const element of document.querySelectorAll(".icon, .station, .lamp"))
    if (isShown(element)) add(element, element, `<${element.classList}>`, false, element.getBoundingClientRect());

  // Lines may touch: the height of a font is more than that of its letters, and more than that of a line.
  pieces.sort((a, b) => a.box.top - b.box.top);
  for (const [index, a] of pieces.entries())
    for (let next = index + 1; next < pieces.length && pieces[next].box.top < a.box.bottom; next += 1) {
      const b = pieces[next];
      if (a.node === b.node || !(a.isText || b.isText)) continue;
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - b.box.top;
      if (across > 1.5 && down > 0.1 * Math.min(a.box.height, b.box.height))
        faults.push(`overlap: ${told(a.text)} and ${told(b.text)}`);
    }

  // Every block around a text holds it from left to right; one with a frame or a colour of its own, or a drawing, holds it
  // from top to bottom, too. What is moved on purpose (the way) has only those around it.
  const isFramed = (style) =>
    ["Top", "Right", "Bottom", "Left"].every((side) => parseFloat(style[`border${side}Width`]) > 0) ||
    !["rgba(0, 0, 0, 0)", "transparent"].includes(style.backgroundColor);
  for (const { box, text, element, isText } of pieces) {
    let isMoved = !isText;
    for (let outer = element; outer && outer !== document.documentElement; outer = outer.parentElement) {
      const style = getComputedStyle(outer);
      const isBlock = !/^(inline|contents|none)$/.test(style.display);
      if ((isText || outer !== element) && isBlock && (outer instanceof HTMLElement || outer.tagName === "svg")) {
        const room = outer.getBoundingClientRect();
        const sideways = Math.max(room.left - box.left, box.right - room.right);
        const upright = Math.max(room.top - box.top, box.bottom - room.bottom);
        const isClosed = outer.tagName === "svg" || isFramed(style);
        if ((sideways > 1 && (isClosed || !isMoved)) || (upright > 0.25 * box.height && isClosed)) {
          faults.push(`out of its box: ${told(text)} in <${outer.tagName.toLowerCase()} class="${outer.classList}">`);
          break;
        }
      }
      isMoved ||= style.position === "absolute" || (style.position === "relative" && parseFloat(style.left) !== 0);
    }
  }
  return [...new Set(faults)];
};
