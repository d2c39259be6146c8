// The address of what is shown, after the #: a link that opens the page as it is.
const linkOfWhatIsShown = () => {
  const link = new URLSearchParams();
  if (choice.video) {
    link.set('video', choice.video.video.name);
    if (!choice.video.window.isWhole) {
      link.set('from', choice.video.window.from.toFixed(2));
      link.set('to', choice.video.window.to.toFixed(2));
    }
  }
  if (choice.search) link.set('search', choice.search);
  if (choice.sort !== 'file') link.set('sort', choice.sort);
  if (choice.reversed) link.set('reversed', 'yes');
  if (choice.thresholds.some((threshold, file) => threshold !== files[file].start)) {
    for (const threshold of choice.thresholds) link.append('score', Number(threshold.toPrecision(6)));
  }
  const named = (key, flags, names) => {
    if (!flags.includes(0)) return;
    const chosen = names.filter((_, place) => flags[place]);
    for (const name of chosen.length ? chosen : ['']) link.append(key, name);
  };
  named('class', choice.classes, data.classes);
  named('kind', choice.kinds, KINDS);
  return `${link}`;
};

const writeLinkSoon = afterPause(() => {
  const link = linkOfWhatIsShown();
  if (link || location.hash) history.replaceState(null, '', `#${link}`);
}, 300);

// Choose what a link names; says what of it is not on this page.
const followLink = cards => {
  const link = new URLSearchParams(location.hash.slice(1)), unknown = [];
  const flags = (key, names) => {
    const wanted = link.getAll(key).filter(name => name !== '');
    unknown.push(...wanted.filter(name => !names.includes(name)).map(name => `${key} ${name}`));
    return Uint8Array.from(names, name => !link.has(key) || wanted.includes(name));
  };
  choice.classes = flags('class', data.classes);
  choice.kinds = flags('kind', KINDS);
  choice.search = link.get('search') || '';
  choice.sort = Object.hasOwn(SORTS, link.get('sort')) ? link.get('sort') : 'file';
  choice.reversed = link.get('reversed') === 'yes';
  choice.thresholds = files.map(({ start }, file) => {
    const score = parseFloat(link.getAll('score')[file]);
    return Number.isFinite(score) ? score : start;
  });
  choice.video = link.has('video') ? cards.find(({ video }) => video.name === link.get('video')) || null : null;
  if (choice.video) {
    const from = parseFloat(link.get('from')), to = parseFloat(link.get('to'));
    if (Number.isFinite(from) && to > from) choice.video.window.show(from, to); else choice.video.window.whole();
  } else if (link.has('video')) {
    unknown.push(`video ${link.get('video')}`);
  }
  return unknown;
};
