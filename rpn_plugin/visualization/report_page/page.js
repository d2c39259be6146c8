'use strict';
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const PALETTE = ['#2f6fd0', '#d9762b', '#2e9e5b', '#c8407a', '#7b5cc4', '#1a9aa8', '#a8842a', '#c2473d', '#5f7f2f', '#8a5a44'];
  const LANES = 4, BAR = 11, GAP = 2, TRUTH = 7, CURVE = 34;
  const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
  const data = JSON.parse(document.getElementById('data').textContent);
  const byId = id => document.getElementById(id);
  const colour = label => PALETTE[label] || `hsl(${(label * 137.5) % 360} 55% 50%)`;
  const allowed = new Set(data.classes.keys());
  const scores = Float64Array.from(data.videos.flatMap(video => video.found.map(row => row[3]))).sort();
  const low = scores.length ? scores[0] : 0, high = scores.length ? scores[scores.length - 1] : 1;
  let threshold = low, width = 0;

  const element = (tag, parent, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    if (parent) parent.append(made);
    return made;
  };
  const shape = (tag, parent, attributes) => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };
  const clock = (seconds, digits = 0) => {
    const scale = 10 ** digits, total = Math.round(seconds * scale), whole = Math.floor(total / scale);
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    const rest = String(whole % 60).padStart(2, '0') + (digits ? '.' + String(total % scale).padStart(digits, '0') : '');
    return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
  };
  const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

  // Where the slider starts: as many detections as there are annotated instances, or five per video without them.
  const instances = data.videos.reduce((sum, video) => sum + video.truth.length, 0);
  const wanted = Math.min(scores.length, instances || 5 * data.videos.length);
  const start = data.threshold !== null ? data.threshold : wanted ? scores[scores.length - wanted] : low;

  class Card {
    constructor(video, parent) {
      this.video = video;
      this.root = element('section', parent, undefined, 'video');
      const heading = element('h2', this.root);
      element('b', heading, video.name);
      this.summary = element('span', heading);
      this.body = element('div', this.root, undefined, 'body');
      this.detail = element('div', this.root, undefined, 'detail');
      this.body.style.minHeight = '90px';
      this.visible = false;
      this.player = null;
      this.body.addEventListener('click', event => {
        if (event.target.classList.contains('found')) this.choose(event.target, this.rows.get(event.target));
      });
      this.body.addEventListener('pointerover', event => {
        const row = this.rows && this.rows.get(event.target);
        if (row && !event.target.firstChild) shape('title', event.target, {}).textContent = this.words(row);
      });
      if (video.url) {
        const button = element('button', heading, '▶ video');
        button.type = 'button';
        button.addEventListener('click', () => this.seek(null));
      }
    }

    count() {
      return this.video.found.reduce((sum, row) => sum + (row[3] >= threshold && allowed.has(row[0])), 0);
    }

    // Bars exist only near the screen, so that hundreds of videos stay quick.
    show(visible) {
      if (visible === this.visible) return;
      this.visible = visible;
      if (visible) { this.draw(); return; }
      this.body.style.minHeight = `${this.body.offsetHeight}px`;
      if (!this.player) this.body.replaceChildren();
    }

    update(count) {
      const { video } = this;
      const inside = video.truth.filter(row => allowed.has(row[0])).length;
      this.root.hidden = allowed.size < data.classes.length &&
        ![...video.truth, ...video.found].some(row => allowed.has(row[0]));
      this.summary.textContent = `${clock(video.duration)} · ${plural(count, 'detection')}` +
        (data.annotated ? ` · ${plural(inside, 'instance')}` : '');
      if (this.visible) this.draw();
    }

    draw() {
      const { video, body } = this;
      body.replaceChildren();
      body.style.minHeight = '';
      this.rows = new WeakMap();  // of the bars
      const rows = new Map();
      const of = label => rows.get(label) || rows.set(label, { truth: [], found: [] }).get(label);
      for (const row of video.truth) if (allowed.has(row[0])) of(row[0]).truth.push(row);
      for (const row of video.found) if (row[3] >= threshold && allowed.has(row[0])) of(row[0]).found.push(row);
      for (const label of [...rows.keys()].sort((a, b) => a - b)) this.lane(label, rows.get(label));
      if (!rows.size) element('div', body, 'nothing at this threshold', 'nothing');
      this.axis();
      this.playhead = this.player ? element('div', body, undefined, 'playhead') : null;
      this.follow();
    }

    row(label, note) {
      const lane = element('div', this.body, undefined, 'lane');
      const name = element('div', lane, undefined, 'name');
      if (label !== null) {
        element('i', name, undefined, 'dot').style.background = colour(label);
        element('small', element('span', name, data.classes[label]), note);
      }
      const svg = shape('svg', lane, {});
      width = width || svg.clientWidth;  // the same in every row: measuring each would lay the page out each time
      return svg;
    }

    lane(label, { truth, found }) {
      const note = plural(found.length, 'detection') + (data.annotated ? `, ${plural(truth.length, 'instance')}` : '');
      const svg = this.row(label, note);
      const scale = width / this.video.duration;
      const lanes = [];  // end of the last bar placed in each
      const place = found.slice().sort((a, b) => b[3] - a[3]).map(row => {
        let lane = lanes.findIndex(bars => bars.every(([from, to]) => row[2] <= from || row[1] >= to));
        if (lane < 0) lane = lanes.length < LANES ? lanes.push([]) - 1 : LANES - 1;
        lanes[lane].push([row[1], row[2]]);
        return [row, lane];
      });
      const curve = (this.video.curves ? this.video.curves.values : []).find(([of]) => of === label);
      const top = data.annotated ? TRUTH + 3 : 0, middle = top + Math.max(1, lanes.length) * (BAR + GAP);
      const height = middle + (curve ? CURVE + 2 : 0);
      svg.setAttribute('height', height);
      shape('rect', svg, { class: 'field', x: 0, y: 0, width, height, rx: 3 });
      const bar = (row, y, thickness, more) => shape('rect', svg, {
        x: row[1] * scale, y, width: Math.max(2, (row[2] - row[1]) * scale), height: thickness, rx: 2, ...more });
      for (const row of truth) {
        const made = bar(row, 1, TRUTH, { class: 'truth' });
        this.rows.set(made, row);
      }
      for (const [row, lane] of place.reverse()) {  // the best on top
        const made = bar(row, top + lane * (BAR + GAP) + 1, BAR, {
          class: 'found', fill: colour(label), 'fill-opacity': 0.3 + 0.7 * Math.max(0, row[3]) / (high > 0 ? high : 1) });
        this.rows.set(made, row);
      }
      if (curve) this.curve(svg, label, curve[1], scale, middle + 1);
    }

    curve(svg, label, values, scale, y) {
      const { start, step } = this.video.curves;
      const at = (place, value) => `${((start + place * step) * scale).toFixed(1)},${(y + CURVE * (1 - value / 1000)).toFixed(1)}`;
      const steps = values.map((value, place) => `${at(place, value)} ${at(place + 1, value)}`).join(' ');
      shape('polygon', svg, { class: 'curve', fill: colour(label), 'fill-opacity': 0.18,
        points: `${at(0, 0)} ${steps} ${at(values.length, 0)}` });
      shape('polyline', svg, { points: steps, fill: 'none', stroke: colour(label), 'stroke-width': 1 });
    }

    axis() {
      const svg = this.row(null);
      svg.classList.add('axis');
      svg.setAttribute('height', 20);
      const { duration } = this.video;
      const step = STEPS.find(seconds => seconds * width / duration >= 64) || duration / 10;
      for (let tick = 0; tick * step <= duration; tick++) {
        const x = tick * step * width / duration;
        shape('line', svg, { x1: x, x2: x, y1: 0, y2: 4 });
        const anchor = tick === 0 ? 'start' : x > width - 20 ? 'end' : 'middle';
        shape('text', svg, { x, y: 15, 'text-anchor': anchor }).textContent = clock(tick * step, step < 1 ? 1 : 0);
      }
    }

    words(row) {
      const score = row.length > 3 ? ` ${row[3].toFixed(3)}` : ' (ground truth)';
      return `${data.classes[row[0]]}${score}, ${clock(row[1], 2)} to ${clock(row[2], 2)}`;
    }

    choose(bar, row) {
      for (const other of this.body.querySelectorAll('.chosen')) other.classList.remove('chosen');
      bar.classList.add('chosen');
      this.detail.textContent = this.words(row);
      if (this.video.url) this.seek(row[1]);
    }

    seek(seconds) {
      if (!this.player) {
        this.player = document.createElement('video');
        Object.assign(this.player, { controls: true, playsInline: true, muted: true, preload: 'metadata' });
        this.player.src = this.video.url;
        this.player.addEventListener('timeupdate', () => this.follow());
        this.player.addEventListener('error', () => { this.detail.textContent = `The video ${this.video.url} cannot be played.`; });
        this.body.before(this.player);
        this.playhead = element('div', this.body, undefined, 'playhead');
      }
      if (seconds !== null) this.player.currentTime = seconds;
      this.player.play().catch(() => {});
    }

    follow() {
      if (!this.playhead) return;
      const share = Math.min(1, this.player.currentTime / this.video.duration);
      this.playhead.style.left = `calc(var(--label) + ${share} * (100% - var(--label)))`;
    }
  }

  const cards = data.videos.map(video => new Card(video, byId('videos')));
  const refresh = () => {
    const counts = cards.map(card => card.count());
    const shown = counts.reduce((sum, count) => sum + count, 0);
    cards.forEach((card, place) => card.update(counts[place]));
    byId('threshold-value').textContent = threshold.toPrecision(3);
    byId('shown').textContent = `${shown} of ${plural(scores.length, 'detection')}, ${plural(cards.length, 'video')}`;
    byId('filter-state').textContent = `(${allowed.size} of ${data.classes.length})`;
  };
  byId('key-truth').hidden = !data.annotated;
  byId('key-curve').hidden = data.videos.every(video => !video.curves);
  const slider = byId('threshold');
  slider.value = high > low ? Math.round(1000 * (start - low) / (high - low)) : 0;
  threshold = Math.min(start, high);
  let waiting = false;
  slider.addEventListener('input', () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {  // at most once for what is drawn
      waiting = false;
      threshold = low + (high - low) * slider.value / 1000;
      refresh();
    });
  });
  const buttons = data.classes.map((name, label) => {
    const button = element('button', byId('classes'));
    button.type = 'button';
    element('i', button, undefined, 'dot').style.background = colour(label);
    button.append(name);
    button.addEventListener('click', () => choose(button.getAttribute('aria-pressed') === 'false', [label]));
    return button;
  });
  const choose = (on, labels) => {
    for (const label of labels) {
      if (on) allowed.add(label); else allowed.delete(label);
      buttons[label].setAttribute('aria-pressed', on);
    }
    refresh();
  };
  byId('all').addEventListener('click', () => choose(true, data.classes.keys()));
  byId('none').addEventListener('click', () => choose(false, data.classes.keys()));
  choose(true, data.classes.keys());

  const nearby = new IntersectionObserver(entries => {
    for (const entry of entries) cards[entry.target.dataset.place].show(entry.isIntersecting);
  }, { rootMargin: '400px' });
  cards.forEach((card, place) => { card.root.dataset.place = place; nearby.observe(card.root); });
  addEventListener('resize', () => { width = 0; refresh(); });
})();
