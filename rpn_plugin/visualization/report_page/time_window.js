// The part of a video's time that its card shows, and how wheel, fingers and mouse change it.
const SHORTEST_SEC = 1, DRAG_PIXELS = 5;

class TimeWindow {
  constructor(duration) {
    this.duration = duration;
    this.whole();
  }

  get length() { return this.to - this.from; }
  get isWhole() { return this.length >= this.duration; }

  whole() { this.show(0, this.duration); }

  show(from, to) {
    const length = Math.min(this.duration, Math.max(SHORTEST_SEC, to - from));
    this.from = Math.max(0, Math.min(from, this.duration - length));
    this.to = this.from + length;
  }

  // By a factor above 1 into it; what lies at a share of the width stays there.
  zoom(factor, share = 0.5) {
    const length = Math.min(this.duration, Math.max(SHORTEST_SEC, this.length / factor));
    const from = this.from + share * (this.length - length);
    this.show(from, from + length);
  }

  pan(seconds) { this.show(this.from + seconds, this.to + seconds); }

  // Move as little as brings a segment inside, or centre it.
  reveal(start, end) {
    if (start >= this.from && end <= this.to) return;
    const middle = (start + end) / 2;
    this.show(middle - this.length / 2, middle + this.length / 2);
  }
}

// Ctrl and the wheel, or two fingers, zoom; a horizontal wheel, or dragging what is zoomed, pans.
const listenToGestures = (root, card) => {
  const pointers = new Map();
  let dragged = false;
  const shareAt = x => {
    const { left, right } = card.field();
    return Math.max(0, Math.min(1, (x - left) / (right - left)));
  };
  const secondsOf = pixels => pixels * card.window.length / card.width();

  root.addEventListener('wheel', event => {
    if (event.ctrlKey || event.metaKey) card.zoom(1.002 ** -event.deltaY, shareAt(event.clientX));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && !card.window.isWhole) card.pan(secondsOf(event.deltaX));
    else return;
    event.preventDefault();
  }, { passive: false });
  root.addEventListener('pointerdown', event => {
    if (event.button !== 0 || !event.target.closest('svg')) return;
    pointers.set(event.pointerId, event.clientX);
    dragged = false;
  });
  root.addEventListener('pointermove', event => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const moved = event.clientX - before;
    if (pointers.size === 2) {
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
      const apart = Math.max(20, Math.abs(before - other)), now = Math.max(20, Math.abs(event.clientX - other));
      card.zoom(now / apart, shareAt((event.clientX + other) / 2));
      dragged = true;
    } else if (card.window.isWhole || (!dragged && Math.abs(moved) < DRAG_PIXELS)) {
      return;
    } else {
      if (!dragged) root.setPointerCapture(event.pointerId);
      dragged = true;
      card.pan(-secondsOf(moved));
    }
    pointers.set(event.pointerId, event.clientX);
  });
  for (const kind of ['pointerup', 'pointercancel', 'pointerleave']) {
    root.addEventListener(kind, event => pointers.delete(event.pointerId));
  }
  root.addEventListener('click', event => {  // that ends a drag chooses nothing
    if (dragged) event.stopPropagation();
    dragged = false;
  }, { capture: true });
};
