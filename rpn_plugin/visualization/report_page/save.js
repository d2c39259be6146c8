// What is shown, as files.
const saveFile = (name, content) => {
  const link = document.createElement('a');
  link.download = name;
  link.href = URL.createObjectURL(content);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

// A text that no spreadsheet takes for a formula; names such as -0r0HEwAYiQ stay.
const csvCell = text => {
  const escape = character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const plain = String(text).replace(/[\0-\x1f\x7f]/g, escape);
  const safe = /^[=+\-@]/.test(plain) && !/^-[\p{L}\p{N}_-]*$/u.test(plain) ? `'${plain}` : plain;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const tableOfWhatIsShown = cards => {
  const lines = ['video,file,kind,label,start_sec,end_sec,score'];
  for (const { video } of cards.filter(card => !card.root.hidden)) {
    files.forEach(({ name }, file) => {
      const write = (kind, row, score) => lines.push([csvCell(video.name), csvCell(name), kind,
        csvCell(data.classes[row[CLASS]]), row[START], row[END], score].join(','));
      for (const row of video.found[file]) {
        if (isShown(row, file)) write(data.annotated ? data.kinds[row[KIND]] : '', row, row[SCORE]);
      }
      for (const row of video.truth) if (isInstanceShown(row, file) && isMissed(row, file)) write('missed', row, '');
    });
  }
  return `${lines.join('\n')}\n`;
};
const saveTable = cards => saveFile('detections.csv', new Blob([tableOfWhatIsShown(cards)], { type: 'text/csv' }));

// The card as an SVG that holds it and the page's style: browsers draw that into a picture.
const cardAsSvg = (card, width, height) => {
  const svg = document.createElementNS(SVG, 'svg'), copy = card.root.cloneNode(true);
  for (const left of copy.querySelectorAll('.buttons, .pan, .detail, .thumbnails, video')) left.remove();
  svg.setAttribute('width', width);
  svg.setAttribute('height', height);
  const holder = shape('foreignObject', svg, { width: '100%', height: '100%' });
  element('style', holder, document.querySelector('style').textContent);
  element('div', holder, undefined, 'picture').append(copy);
  const text = new XMLSerializer().serializeToString(svg);
  return text.replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');  // what XML cannot hold
};

const savePicture = async card => {
  const { width } = card.root.getBoundingClientRect(), height = card.heading.offsetHeight + card.body.offsetHeight + 40;
  const picture = new Image(), canvas = document.createElement('canvas'), scale = 2;
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(cardAsSvg(card, width, height))}`;
  try {
    await picture.decode();
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
    const content = await new Promise(resolve => canvas.toBlob(resolve));
    saveFile(`${card.video.name.replace(/[^\p{L}\p{N}._-]/gu, '_')}.png`, content);
  } catch (error) {
    card.say(`This browser could not make the picture: ${error.message}`);
  }
};
