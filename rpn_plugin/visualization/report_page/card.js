// One video: heading, lanes, time axis, and what is said about the chosen bar.
const UNDRAWN_PIXELS = 90;
let laneWidth = 0;  // the same in every lane: measuring each would lay the page out each time

class Card {
  constructor(video, parent) {
    this.video = video;
    this.window = new TimeWindow(video.duration);
    this.lanes = [];
    this.bars = new WeakMap();  // [row, lane] of each bar
    this.chosen = null;
    this.visible = false;
    this.root = element('section', parent, undefined, 'video');
    this.root.setAttribute('aria-label', video.name);
    this.heading = element('h2', this.root);
    const link = element('a', element('b', this.heading), video.name);
    link.href = `#${new URLSearchParams({ video: video.name })}`;
    this.summary = element('span', this.heading);
    this.body = element('div', this.root, undefined, 'body');
    this.body.style.minHeight = `${UNDRAWN_PIXELS}px`;
    this.drawSoon = beforeNextPicture(() => { if (this.visible) this.draw(); });
  }

  // The rest of the card and its listeners, when it first comes near the screen.
  complete() {
    if (this.detail) return;
    this.detail = element('div', this.root, undefined, 'detail');
    this.detail.setAttribute('role', 'status');
    const buttons = element('span', this.heading, undefined, 'buttons');
    button(buttons, '−', 'zoom out', () => this.zoom(1 / 2));
    button(buttons, '+', 'zoom in', () => this.zoom(2));
    this.wholeButton = button(buttons, 'whole', 'show the whole video', () => { this.window.whole(); this.moved(); });
    if (this.video.url) button(buttons, '▶ video', 'play the video', () => this.play(null));
    button(buttons, 'PNG', 'save this video’s bars as a picture', () => savePicture(this));
    this.panRange = element('input', undefined, undefined, 'pan');
    Object.assign(this.panRange, { type: 'range', min: 0, max: 1000, hidden: true });
    this.panRange.setAttribute('aria-label', 'move through the video');
    this.panRange.addEventListener('input', () => {
      const from = this.panRange.value / 1000 * this.hiddenSec;
      this.window.show(from, from + this.window.length);
      this.moved();
    });
    this.body.after(this.panRange);
    if (this.video.url) this.thumbnails = new Thumbnails(this);
    this.body.addEventListener('click', event => this.choose(...(this.bars.get(event.target) || [])));
    this.body.addEventListener('pointerover', event => this.nameOnHover(event.target));
    this.body.addEventListener('keydown', event => pressKey(this, event));
    listenToGestures(this.body, this);
  }

  // Counters and bars are written only near the screen, so that hundreds of videos stay quick.
  show(visible) {
    if (visible === this.visible) return;
    this.visible = visible;
    if (visible) { this.complete(); this.update(); return; }
    this.body.style.minHeight = `${this.body.offsetHeight || UNDRAWN_PIXELS}px`;
    if (this.thumbnails) this.thumbnails.close();
    if (!this.player) this.body.replaceChildren();
  }

  update() {
    this.counts = countVideo(this.video);
    this.root.hidden = !isVideoShown(this.video, this.counts);
    if (this.root.hidden || !this.visible) return;
    this.summarize();
    this.draw();
  }

  summarize() {
    const { instances, perFile } = this.counts, ap = files.map((_, file) => averagePrecision(this.video, file));
    this.summary.textContent = [
      clock(this.video.duration),
      each(perFile.map(({ found }) => found), 'detection'),
      ...(data.annotated ? [plural(instances, 'instance')] : []),
      ...(instances ? [`${perFile.map(({ kinds }) => kinds[MISSED]).join(' and ')} missed`] : []),
      ...(ap[0] !== null ? [`AP ${ap.map(value => (100 * value).toFixed(1)).join(' and ')}`] : []),
    ].join(' · ');
  }

  draw() {
    const focused = this.body.contains(document.activeElement) ? this.bars.get(document.activeElement) : null;
    this.body.replaceChildren();
    this.body.style.minHeight = '';
    this.lanes = this.shownLanes();
    for (const lane of this.lanes) lane.draw(this.body);
    if (!this.lanes.length) element('div', this.body, 'nothing at this threshold', 'nothing');
    drawAxis(this.body, this.window, svg => this.width(svg));
    this.panRange.hidden = this.wholeButton.hidden = this.window.isWhole;
    if (!this.window.isWhole) this.panRange.value = 1000 * this.window.from / this.hiddenSec;
    if (this.thumbnails) this.thumbnails.later();
    if (this.player) this.player.follow();
    this.mark();
    if (focused) this.focus(...focused);
  }

  shownLanes() {
    const { video } = this, labels = new Set();
    const truth = files.map((_, file) => video.truth.filter(row => isInstanceShown(row, file)));
    const found = files.map((_, file) => video.found[file].filter(row => isShown(row, file)));
    for (const rows of [...truth, ...found]) for (const row of rows) labels.add(row[CLASS]);
    const of = (rows, label) => rows.filter(row => row[CLASS] === label);
    const lanes = label => files.map((_, file) =>
      new Lane(this, label, file, of(truth[file], label), of(found[file], label)));
    const annotated = new Set(video.truth.map(row => row[CLASS]));  // those first
    return [...labels].sort((a, b) => annotated.has(b) - annotated.has(a) || a - b).flatMap(lanes);
  }

  width(svg) {
    laneWidth = laneWidth || (svg || this.body.querySelector('svg')).clientWidth;
    return laneWidth;
  }

  get hiddenSec() { return this.video.duration - this.window.length; }

  field() { return this.body.querySelector('svg').getBoundingClientRect(); }

  zoom(factor, share = 0.5) { this.window.zoom(factor, share); this.moved(); }
  pan(seconds) { this.window.pan(seconds); this.moved(); }
  moved() { choice.video = this; this.drawSoon(); writeLinkSoon(); }

  words(row, lane) {
    const when = `${clock(row[START], 2)} to ${clock(row[END], 2)}`, name = data.classes[row[CLASS]];
    if (lane.truth.includes(row)) return `${name} (ground truth), ${when}${isMissed(row, lane.file) ? ', missed' : ''}`;
    return `${name} ${row[SCORE].toFixed(3)}, ${when}${data.annotated ? `, ${data.kinds[row[KIND]]}` : ''}`;
  }

  // What a detection overlaps, in numbers.
  overlaps(row, lane) {
    if (!data.annotated || lane.truth.includes(row)) return '';
    const own = bestOverlap(row, this.video.truth, instance => instance[CLASS] === row[CLASS]);
    const other = bestOverlap(row, this.video.truth, instance => instance[CLASS] !== row[CLASS]);
    const parts = [own, other].filter(Boolean).map(([tiou, instance]) => `tIoU ${tiou.toFixed(2)} with ` +
      `${data.classes[instance[CLASS]]} ${clock(instance[START], 2)} to ${clock(instance[END], 2)}`);
    return parts.map(part => `; ${part}`).join('');
  }

  nameOnHover(bar) {
    const [row, lane] = this.bars.get(bar) || [];
    if (row && !bar.firstChild) shape('title', bar, {}).textContent = this.words(row, lane);
  }

  say(text) { this.detail.textContent = text; }

  choose(row, lane) {
    if (!row) return;
    this.chosen = row;
    this.mark();
    this.say(this.words(row, lane) + this.overlaps(row, lane));
    if (this.video.url) this.play(row[START]);
  }

  // Show which bar is chosen, and let the tab key reach one bar: the arrow keys go on from there.
  mark() {
    const drawn = this.lanes.flatMap(lane => [...lane.bars]);
    const reached = drawn.find(([row]) => row === this.chosen) || drawn[0];
    for (const [row, bar] of drawn) bar.classList.toggle('chosen', row === this.chosen);
    if (reached) reached[1].setAttribute('tabindex', 0);
  }

  focus(row, lane) {
    const same = this.lanes.find(({ label, file }) => label === lane.label && file === lane.file);
    const bar = same && same.bars.get(row);
    if (bar) bar.focus({ preventScroll: true });
  }

  // Focus a bar, which may lie outside what is shown.
  goTo(row, lane) {
    if (!lane.bars.has(row)) {
      this.window.reveal(row[START], row[END]);
      this.draw();
    }
    this.focus(row, lane);
  }

  play(seconds) {
    this.player = this.player || new Player(this);
    this.player.playFrom(seconds);
  }
}
