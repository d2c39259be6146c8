// Making elements and words.
const SVG = 'http://www.w3.org/2000/svg';
const byId = id => document.getElementById(id);

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

const button = (parent, text, label, action) => {
  const made = element('button', parent, text);
  made.type = 'button';
  if (label) {
    made.setAttribute('aria-label', label);
    made.title = label;
  }
  made.addEventListener('click', action);
  return made;
};

const option = (parent, value, text) => { element('option', parent, text).value = value; };

const clock = (seconds, digits = 0) => {
  const scale = 10 ** digits, total = Math.round(seconds * scale), whole = Math.floor(total / scale);
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, '0') + (digits ? '.' + String(total % scale).padStart(digits, '0') : '');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
};

const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
const each = (counts, word) => counts.length > 1 ? `${counts.join(' and ')} ${word}s` : plural(counts[0], word);

// Calls of the result lead to one call of the action, before the next picture or after a pause.
const beforeNextPicture = action => {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; action(); });
  };
};
const afterPause = (action, milliseconds) => {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(action, milliseconds); };
};
