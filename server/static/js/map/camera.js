// What of a map is seen: its middle, from 0 to 1, and how large; two plots may share it.

export class Camera extends EventTarget {
  x = 0.5;
  y = 0.5;
  zoom = 1;

  to(x, y, zoom = this.zoom) {
    const inside = (value) => (Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0.5);
    Object.assign(this, { x: inside(x), y: inside(y), zoom: Math.min(400, Math.max(0.8, zoom || 1)) });
    this.dispatchEvent(new Event("moved"));
  }

  /** As it stands in an address: "x,y,zoom". */
  toString() {
    return [this.x.toFixed(4), this.y.toFixed(4), this.zoom.toPrecision(4)].join();
  }
}
