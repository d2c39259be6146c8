// Keys on a focused bar: arrows go to the next bar and the next lane, Enter chooses, space plays, + - 0 zoom.
const pressKey = (card, event) => {
  const [row, lane] = card.bars.get(event.target) || [];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const zoomAround = factor => card.zoom(factor, ((row[START] + row[END]) / 2 - card.window.from) / card.window.length);
  const actions = {
    ArrowRight: () => goAlong(card, row, lane, 1),
    ArrowLeft: () => goAlong(card, row, lane, -1),
    ArrowDown: () => goAcross(card, row, lane, 1),
    ArrowUp: () => goAcross(card, row, lane, -1),
    Home: () => card.goTo(lane.rows[0], lane),
    End: () => card.goTo(lane.rows[lane.rows.length - 1], lane),
    Enter: () => card.choose(row, lane),
    ' ': () => playOrPause(card, row, lane),
    '+': () => zoomAround(2),
    '-': () => zoomAround(1 / 2),
    0: () => { card.window.whole(); card.moved(); },
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
};

const goAlong = (card, row, lane, step) => {
  const rows = lane.rows, next = rows[rows.indexOf(row) + step];
  if (next) card.goTo(next, lane);
};

// To the bar of the lane above or below that starts nearest.
const goAcross = (card, row, lane, step) => {
  let place = card.lanes.indexOf(lane) + step;
  while (card.lanes[place] && !card.lanes[place].rows.length) place += step;
  const other = card.lanes[place];
  if (!other) return;
  const distance = candidate => Math.abs(candidate[START] - row[START]);
  card.goTo(other.rows.reduce((best, candidate) => distance(candidate) < distance(best) ? candidate : best), other);
};

const playOrPause = (card, row, lane) => {
  if (card.player && card.chosen === row) card.player.toggle(); else card.choose(row, lane);
};
