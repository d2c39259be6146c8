// A class and a file of detections within a video: instances above, detections below, and the class's curve.
const SUBLANES = 4, BAR = 13, GAP = 2, TRUTH = 9, CURVE = 36, SYMBOL_PIXELS = 12;
const STEPS_SEC = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

// [detection, sublane], best first: the first sublane where it overlaps nothing better, else the last.
const inSublanes = found => {
  const taken = [];
  return found.map(row => {
    let place = taken.findIndex(rows => rows.every(other => row[END] <= other[START] || row[START] >= other[END]));
    if (place < 0) place = taken.length < SUBLANES ? taken.push([]) - 1 : SUBLANES - 1;
    taken[place].push(row);
    return [row, place];
  });
};

class Lane {
  constructor(card, label, file, truth, found) {
    Object.assign(this, { card, label, file, truth, found });
    this.bars = new Map();  // of the rows that are drawn
    this.curve = file === 0 && card.video.curves ? card.video.curves.values.find(([of]) => of === label) : undefined;
    const missed = truth.filter(row => isMissed(row, file)).length;
    this.note = plural(found.length, 'detection') +
      (truth.length ? `, ${plural(truth.length, 'instance')}` : '') + (missed ? `, ${missed} missed` : '');
  }

  // Rows by time, as the arrow keys go through them.
  get rows() { return [...this.truth, ...this.found].sort((a, b) => a[START] - b[START] || a[END] - b[END]); }

  draw(parent) {
    const root = element('div', parent, undefined, this.file ? 'lane' : 'lane first');
    const name = element('div', root, undefined, 'name');
    if (this.file === 0) element('span', name, data.classes[this.label]);
    if (files.length > 1) element('small', name, files[this.file].name, 'file');
    element('small', name, this.note);
    if (this.curve) element('small', name, `curve ${this.curve[2].toPrecision(2)} to ${this.curve[3].toPrecision(2)}`);
    this.svg = shape('svg', root, { role: 'group', 'aria-label': `${data.classes[this.label]}` +
      (files.length > 1 ? ` in ${files[this.file].name}` : '') + `: ${this.note}` });
    this.drawBars();
  }

  drawBars() {
    const { svg, file } = this, width = this.card.width();
    const placed = inSublanes(this.found), sublanes = Math.max(1, ...placed.map(([, place]) => place + 1));
    const top = this.truth.length ? TRUTH + 4 : 1, middle = top + sublanes * (BAR + GAP);
    const height = middle + (this.curve ? CURVE + 2 : 0);
    svg.setAttribute('height', height);
    shape('rect', svg, { class: 'field', x: 0, y: 0, width, height, rx: 3 });
    if (this.curve) this.drawCurve(middle + 1);
    for (const row of this.truth) {
      const missed = isMissed(row, file);
      this.bar(row, 2, TRUTH, missed ? 'truth missed' : 'truth', missed ? SYMBOLS.missed : '');
    }
    const best = Math.max(files[file].high, 1e-12);
    for (const [row, place] of placed.reverse()) {  // the best on top
      const kind = data.annotated ? data.kinds[row[KIND]] : null;
      const made = this.bar(row, top + place * (BAR + GAP), BAR, kind ? `found ${kind.replace(' ', '-')}` : 'found',
        kind ? SYMBOLS[kind] : '');
      if (made) made.setAttribute('fill-opacity', 0.35 + 0.65 * Math.max(0, row[SCORE]) / best);
    }
  }

  bar(row, y, height, name, symbol) {
    const { window } = this.card, scale = this.card.width() / window.length;
    if (row[END] < window.from || row[START] > window.to) return null;
    const x = (Math.max(row[START], window.from) - window.from) * scale;
    const width = Math.max(3, (Math.min(row[END], window.to) - window.from) * scale - x);
    const made = shape('rect', this.svg, {
      class: `bar ${name}`, x, y, width, height, rx: 2, role: 'button', tabindex: -1,
      'aria-label': this.card.words(row, this) });
    if (symbol && width >= SYMBOL_PIXELS) {
      const middle = { x: x + width / 2, y: y + height / 2 + 4 };
      shape('text', this.svg, { class: 'symbol', 'aria-hidden': true, ...middle }).textContent = symbol;
    }
    this.bars.set(row, made);
    this.card.bars.set(made, [row, this]);
    return made;
  }

  drawCurve(y) {
    const { window } = this.card, { start, step } = this.card.video.curves, values = this.curve[1];
    const width = this.card.width(), scale = width / window.length;
    const first = Math.max(0, Math.floor((window.from - start) / step));
    const last = Math.min(values.length, Math.ceil((window.to - start) / step));
    if (first >= last) return;
    const size = Math.max(1, Math.ceil((last - first) / width)), points = [];
    const at = (place, value) => {
      const x = Math.max(0, Math.min(width, (start + place * step - window.from) * scale));
      return `${x.toFixed(1)},${(y + CURVE * (1 - value / 1000)).toFixed(1)}`;
    };
    for (let place = first; place < last; place += size) {  // a point for each pixel at most, the largest of its part
      const end = Math.min(last, place + size), value = Math.max(...values.slice(place, end));
      points.push(at(place, value), at(end, value));
    }
    shape('polygon', this.svg, { class: 'curve', points: `${at(first, 0)} ${points.join(' ')} ${at(last, 0)}` });
    shape('polyline', this.svg, { class: 'curve-line', points: points.join(' ') });
  }
}

const drawAxis = (parent, window, measure) => {
  const root = element('div', parent, undefined, 'lane');
  element('div', root, undefined, 'name');
  const svg = shape('svg', root, { class: 'axis', height: 20, 'aria-hidden': true }), width = measure(svg);
  const step = STEPS_SEC.find(seconds => seconds * width / window.length >= 64) || window.length / 10;
  for (let tick = Math.ceil(window.from / step); tick * step <= window.to; tick++) {
    const x = (tick * step - window.from) * width / window.length;
    shape('line', svg, { x1: x, x2: x, y1: 0, y2: 4 });
    const anchor = x < 20 ? 'start' : x > width - 20 ? 'end' : 'middle';
    shape('text', svg, { x, y: 15, 'text-anchor': anchor }).textContent = clock(tick * step, step < 1 ? 1 : 0);
  }
};
