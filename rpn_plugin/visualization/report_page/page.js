// The controls, and what happens when they change.
const cards = data.videos.map(video => new Card(video, byId('videos')));

const thresholdControls = files.map((file, place) => {
  const label = element('label', byId('thresholds'), undefined, 'threshold');
  if (files.length > 1) element('span', label, file.name, 'file');
  element('span', label, files.length > 1 ? '≥' : 'score at least');
  const value = element('output', label), count = element('small', label), slider = element('input', label);
  Object.assign(slider, { type: 'range', min: 0, max: 1000 });
  slider.setAttribute('aria-label', files.length > 1 ? `weakest score shown of ${file.name}` : 'weakest score shown');
  const changed = beforeNextPicture(() => {
    choice.thresholds[place] = Math.min(file.high, file.low + (file.high - file.low) * slider.value / 1000);
    refresh();
  });
  slider.addEventListener('input', changed);
  slider.addEventListener('change', () => { if (choice.sort === 'missed') arrange(); });
  return { value, count, slider };
});

const chips = (parent, names, key, more) => names.map((name, place) => {
  const made = button(parent, undefined, undefined, () => {
    choice[key][place] = 1 - choice[key][place];
    filterChanged();
  });
  if (more) more(made, name);
  element('span', made, name);
  return made;
});
const classChips = chips(byId('classes'), data.classes, 'classes');
const kindChips = chips(byId('kinds'), KINDS, 'kinds', (made, name) => {
  element('i', made, SYMBOLS[name], `key ${name.replace(' ', '-')}`).setAttribute('aria-hidden', true);
});
const kindCounts = kindChips.map((chip, kind) => {
  if (PLAIN_WORDS[KINDS[kind]]) element('small', chip, PLAIN_WORDS[KINDS[kind]]);
  chip.title = MEANINGS[KINDS[kind]];
  return element('b', chip);
});

// Everything that is shown, from the choice.
const refresh = () => {
  for (const card of cards) card.update();
  const shown = cards.filter(card => !card.root.hidden);
  const sum = value => files.map((_, file) =>
    shown.reduce((total, card) => total + value(card.counts.perFile[file]), 0));
  const found = sum(counts => counts.found);
  const videos = (shown.length === cards.length ? '' : `${shown.length} of `) + plural(cards.length, 'video');
  byId('shown').textContent = files.length === 1 ?
    `${found[0]} of ${plural(files[0].total, 'detection')}, ${videos}` : videos;
  kindCounts.forEach((output, kind) => { output.textContent = sum(counts => counts.kinds[kind]).join(' · '); });
  thresholdControls.forEach(({ value, count, slider }, file) => {
    if (files.length > 1) count.textContent = `${found[file]} of ${files[file].total}`;
    value.textContent = choice.thresholds[file].toPrecision(3);
    slider.setAttribute('aria-valuetext', value.textContent);
  });
  byId('nothing').hidden = shown.length > 0;
  writeLinkSoon();
};

const showControls = () => {
  thresholdControls.forEach(({ slider }, file) => {
    const { low, high } = files[file];
    slider.value = high > low ? Math.round(1000 * (choice.thresholds[file] - low) / (high - low)) : 0;
  });
  classChips.forEach((chip, label) => chip.setAttribute('aria-pressed', Boolean(choice.classes[label])));
  kindChips.forEach((chip, kind) => chip.setAttribute('aria-pressed', Boolean(choice.kinds[kind])));
  byId('filter-state').textContent = `(${choice.classes.filter(Boolean).length} of ${data.classes.length})`;
  byId('search').value = choice.search;
  byId('sort').value = choice.sort;
  byId('reversed').setAttribute('aria-pressed', choice.reversed);
};

const arrange = () => {
  const order = sorted(cards);
  byId('videos').append(...order.map(card => card.root));
  byId('jump').replaceChildren();
  option(byId('jump'), '', 'jump to …');
  for (const card of order) if (!card.root.hidden) option(byId('jump'), cards.indexOf(card), card.video.name);
};

const filterChanged = () => { showControls(); refresh(); arrange(); };

// Cards above grow as they are drawn on the way, so a card is scrolled to until it has stayed for some pictures.
const scrollToCard = (card, stays = 0, pictures = 60) => {
  card.root.style.scrollMarginTop = `${document.querySelector('header').offsetHeight + 8}px`;
  const before = card.root.getBoundingClientRect().top;
  card.root.scrollIntoView();
  const moved = Math.abs(card.root.getBoundingClientRect().top - before) > 1;
  if (stays < 10 && pictures) requestAnimationFrame(() => scrollToCard(card, moved ? 0 : stays + 1, pictures - 1));
};

const jumpTo = card => {
  choice.video = card;
  scrollToCard(card);
  card.heading.querySelector('a').focus({ preventScroll: true });
  writeLinkSoon();
};

const openLink = () => {
  const unknown = followLink(cards);
  byId('notice').textContent = unknown.length ? `Not on this page: ${unknown.join(', ')}.` : '';
  filterChanged();
  if (choice.video && !choice.video.root.hidden) jumpTo(choice.video);
};

for (const [value, [text]] of Object.entries(SORTS)) {
  if (data.annotated || !['ap', 'missed'].includes(value)) option(byId('sort'), value, text);
}
const setAll = (key, value) => () => { choice[key].fill(value); filterChanged(); };
byId('all').addEventListener('click', setAll('classes', 1));
byId('none').addEventListener('click', setAll('classes', 0));
const search = () => {
  choice.search = byId('search').value;
  filterChanged();
};
byId('search').addEventListener('input', afterPause(search, 100));
byId('search').addEventListener('keydown', event => {
  if (event.key !== 'Enter') return;
  search();
  const first = sorted(cards).find(card => !card.root.hidden);
  if (first) jumpTo(first);
});
byId('sort').addEventListener('change', () => { choice.sort = byId('sort').value; filterChanged(); });
byId('reversed').addEventListener('click', () => { choice.reversed = !choice.reversed; filterChanged(); });
byId('jump').addEventListener('change', () => {
  if (byId('jump').value !== '') jumpTo(cards[byId('jump').value]);
  byId('jump').value = '';
});
byId('csv').addEventListener('click', () => saveTable(sorted(cards)));
byId('videos').addEventListener('click', event => {
  const link = event.target.closest('h2 a');
  if (!link) return;
  event.preventDefault();
  jumpTo(cards.find(card => card.root.contains(link)));
});
addEventListener('hashchange', openLink);
addEventListener('resize', () => { laneWidth = 0; refresh(); });

byId('kinds').hidden = byId('marks').hidden = !data.annotated;
byId('several').hidden = files.length < 2;
byId('key-curve').hidden = data.videos.every(video => !video.curves);
if (data.annotated) {
  byId('tiou').textContent = data.tiou;
  for (const name of KINDS) {
    element('dt', byId('meanings'), `${SYMBOLS[name]} ${name}`);
    element('dd', byId('meanings'), MEANINGS[name]);
  }
}
openLink();

const nearby = new IntersectionObserver(entries => {
  for (const entry of entries) cards[entry.target.dataset.place].show(entry.isIntersecting);
}, { rootMargin: '400px' });
cards.forEach((card, place) => { card.root.dataset.place = place; nearby.observe(card.root); });
