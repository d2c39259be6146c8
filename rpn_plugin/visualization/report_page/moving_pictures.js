// A video's file: the player, and a strip of its pictures over the time that its card shows.
const THUMBNAIL_PIXELS = 100, THUMBNAIL_HEIGHT = 54, PATIENCE_MS = 5000;

const openVideo = url => {
  const video = document.createElement('video');
  Object.assign(video, { playsInline: true, muted: true, preload: 'metadata', src: url });
  return video;
};

class Player {
  constructor(card) {
    this.card = card;
    this.video = openVideo(card.video.url);
    this.video.controls = true;
    this.video.addEventListener('timeupdate', () => this.follow());
    this.video.addEventListener('error', () => card.say(`The video ${card.video.url} cannot be played.`));
    card.body.before(this.video);
  }

  playFrom(seconds) {
    if (seconds !== null) this.video.currentTime = seconds;
    this.video.play().catch(() => {});
  }

  toggle() {
    if (this.video.paused) this.playFrom(null); else this.video.pause();
  }

  // Where in the card's body the picture stands.
  follow() {
    const { window, body } = this.card, share = (this.video.currentTime - window.from) / window.length;
    this.line = this.line && this.line.isConnected ? this.line : element('div', body, undefined, 'playhead');
    this.line.hidden = share < 0 || share > 1;
    this.line.style.left = `calc(var(--label) + ${share} * (100% - var(--label)))`;
  }
}

class Thumbnails {
  constructor(card) {
    this.card = card;
    this.turn = 0;
    this.root = element('div', undefined, undefined, 'thumbnails');
    this.root.setAttribute('aria-hidden', true);
    this.later = afterPause(() => { if (card.visible) this.take(); }, 150);
    card.body.before(this.root);
  }

  // Forget the file, so that hundreds of cards do not hold hundreds of decoders.
  close() {
    this.turn++;
    if (!this.video) return;
    this.video.removeAttribute('src');
    this.video.load();
    this.video = null;
  }

  async take() {
    const turn = ++this.turn, { window } = this.card;
    const count = Math.max(2, Math.floor(this.card.width() / THUMBNAIL_PIXELS));
    this.video = this.video || openVideo(this.card.video.url);
    while (this.root.children.length > count) this.root.lastChild.remove();
    while (this.root.children.length < count) element('canvas', this.root);
    try {
      for (const [place, canvas] of [...this.root.children].entries()) {
        await this.seek(window.from + (place + 0.5) * window.length / count);
        if (turn !== this.turn) return;
        canvas.height = THUMBNAIL_HEIGHT * devicePixelRatio;
        canvas.width = canvas.height * this.video.videoWidth / this.video.videoHeight;
        canvas.getContext('2d').drawImage(this.video, 0, 0, canvas.width, canvas.height);
      }
    } catch {  // not playable, unless something else is wanted by now
      if (turn === this.turn) this.root.remove();
    }
  }

  seek(seconds) {
    const { video } = this;
    return new Promise((resolve, reject) => {
      video.onseeked = resolve;
      video.onerror = reject;
      setTimeout(reject, PATIENCE_MS);
      video.currentTime = seconds;
    });
  }
}
