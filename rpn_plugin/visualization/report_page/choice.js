// What the page holds, and the part of it that is chosen. Nothing here knows the page's elements.
// A detection is [class, start, end, score, kind], best first. An instance is [class, start, end] and, for each file,
// the score of the detection that takes it, or null.
const data = JSON.parse(document.getElementById('data').textContent);
const CLASS = 0, START = 1, END = 2, SCORE = 3, KIND = 4, TAKEN = 3;
const KINDS = [...data.kinds, 'missed'], MISSED = data.kinds.length;
const SYMBOLS = {
  'true positive': '✓', duplicate: '=', localization: '↔', confusion: '≠', background: '–', missed: '✕',
};
const PLAIN_WORDS = { localization: 'bad borders', confusion: 'wrong class' };
const MEANINGS = {
  'true positive': 'takes an instance of its class: the best detection that overlaps it enough',
  duplicate: 'overlaps an instance of its class enough, but a better detection took it',
  localization: 'overlaps an instance of its class, but too little',
  confusion: 'overlaps an instance of another class, enough or better than any of its own',
  background: 'overlaps no instance',
  missed: 'an instance that no detection shown takes',
};

const files = data.files.map((name, file) => {
  const scores = Float64Array.from(data.videos.flatMap(video => video.found[file].map(row => row[SCORE]))).sort();
  const total = scores.length, low = total ? scores[0] : 0, high = total ? scores[total - 1] : 1;
  // At first as many detections as there are annotated instances, or five per video without them.
  const instances = data.videos.reduce((sum, video) => sum + video.truth.length, 0);
  const wanted = Math.min(total, instances || 5 * data.videos.length);
  const start = Math.min(high, data.threshold !== null ? data.threshold : wanted ? scores[total - wanted] : low);
  return { name, total, low, high, start };
});

const choice = {
  thresholds: files.map(file => file.start),
  classes: new Uint8Array(data.classes.length).fill(1),
  kinds: new Uint8Array(KINDS.length).fill(1),
  search: '',
  sort: 'file',
  reversed: false,
  video: null,  // the one that a link to what is shown leads to
};

const isMissed = (instance, file) =>
  instance[TAKEN + file] === null || instance[TAKEN + file] < choice.thresholds[file];
const isShown = (row, file) => row[SCORE] >= choice.thresholds[file] && choice.classes[row[CLASS]] &&
  (!data.annotated || choice.kinds[row[KIND]]);
const isInstanceShown = (row, file) => choice.classes[row[CLASS]] && (choice.kinds[MISSED] || !isMissed(row, file));

// Per file the detections of each kind, the missed instances last, all whatever kinds are chosen; `found` and `missed`
// count what is shown.
const countVideo = video => {
  const instances = video.truth.reduce((sum, row) => sum + choice.classes[row[CLASS]], 0);
  const perFile = files.map((_, file) => {
    const kinds = new Array(KINDS.length).fill(0), threshold = choice.thresholds[file];
    let found = 0;
    for (const row of video.found[file]) {
      if (row[SCORE] < threshold) break;
      if (!choice.classes[row[CLASS]]) continue;
      if (!data.annotated) { found++; continue; }
      kinds[row[KIND]]++;
      found += choice.kinds[row[KIND]];
    }
    for (const row of video.truth) if (choice.classes[row[CLASS]] && isMissed(row, file)) kinds[MISSED]++;
    return { found, kinds, missed: choice.kinds[MISSED] * kinds[MISSED] };
  });
  return { instances, perFile };
};

const hasChosenClass = video =>
  [video.truth, ...video.found].some(rows => rows.some(row => choice.classes[row[CLASS]]));

const isVideoShown = (video, counts) => {
  if (!video.name.toLowerCase().includes(choice.search.toLowerCase())) return false;
  if (data.annotated && choice.kinds.includes(0)) return counts.perFile.some(({ found, missed }) => found + missed > 0);
  return !choice.classes.includes(0) || hasChosenClass(video);
};

// Mean of the first file's AP over the chosen classes that the video has instances of; null without any.
const averagePrecision = (video, file = 0) => {
  const values = video.ap[file].filter(([label]) => choice.classes[label]).map(([, ap]) => ap);
  return values.length ? values.reduce((sum, ap) => sum + ap, 0) / values.length : null;
};

// Smaller comes first; null last.
const SORTS = {
  file: ['as in the file', () => 0],
  name: ['name', null],
  length: ['longest first', card => -card.video.duration],
  ap: ['lowest AP first', card => averagePrecision(card.video)],
  missed: ['most missed first', card => -card.counts.perFile[0].kinds[MISSED]],
  confidence: ['most confident first', ({ video }) => {
    const best = video.found[0].find(row => choice.classes[row[CLASS]]);
    return best ? -best[SCORE] : null;
  }],
};
const byName = new Intl.Collator(undefined, { numeric: true }).compare;

const sorted = cards => {
  const value = SORTS[choice.sort][1], sign = choice.reversed ? -1 : 1;
  const keyed = cards.map((card, place) => [value ? value(card) : card.video.name, place, card]);
  keyed.sort(([a, placeA], [b, placeB]) => {
    if (a === null || b === null) return (a === null) - (b === null) || placeA - placeB;
    return sign * ((value ? a - b : byName(a, b)) || placeA - placeB);
  });
  return keyed.map(([, , card]) => card);
};

// [tIoU, instance] of the instance that a segment overlaps best among those that a test admits; null without any.
const bestOverlap = (row, instances, admits) => instances.filter(admits).reduce((best, instance) => {
  const shared = Math.min(row[END], instance[END]) - Math.max(row[START], instance[START]);
  const tiou = shared / (row[END] - row[START] + instance[END] - instance[START] - shared);
  return tiou > (best ? best[0] : 0) ? [tiou, instance] : best;
}, null);
