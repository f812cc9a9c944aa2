// Brings a screenshot to 256 colours (median cut): a third of the bytes, and nobody sees it on pages of flat colour.
// Reads what Chromium writes: PNG of 8 bits, RGB or RGBA, not interlaced (W3C PNG §9, §11).
import { crc32, deflateSync, inflateSync } from 'node:zlib';

type Colour = { value: number; count: number };

const channel = (value: number, at: number) => (value >> (8 * at)) & 255;

export function shrink(png: Buffer): Buffer {
  const { width, height, pixels } = read(png);
  const counts = new Map<number, number>();
  for (const value of pixels) counts.set(value, (counts.get(value) ?? 0) + 1);
  const boxes = cut([...counts].map(([value, count]) => ({ value, count })));
  const palette = Buffer.alloc(boxes.length * 3);
  const places = new Map<number, number>();
  for (const [place, box] of boxes.entries()) {
    const all = box.reduce((sum, { count }) => sum + count, 0);
    for (const at of [0, 1, 2]) {
      palette[place * 3 + 2 - at] = Math.round(
        box.reduce((sum, { value, count }) => sum + channel(value, at) * count, 0) / all,
      );
    }
    for (const { value } of box) places.set(value, place);
  }
  const rows = Buffer.alloc((width + 1) * height); // each begins with its filter: none
  pixels.forEach((value, at) => (rows[at + Math.floor(at / width) + 1] = places.get(value)!));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const parts = [
    chunk('IHDR', head),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([png.subarray(0, 8), ...parts]);
}

/** Halves the box with the widest channel, most pixels first among equals, until there are 256. */
function cut(colours: Colour[]): Colour[][] {
  const measured = (box: Colour[]) => {
    const spans = [0, 1, 2].map((at) => {
      const values = box.map(({ value }) => channel(value, at));
      return (
        values.reduce((most, value) => Math.max(most, value), 0) -
        values.reduce((least, value) => Math.min(least, value), 255)
      );
    });
    const span = Math.max(...spans);
    return { box, at: spans.indexOf(span), weight: span * Math.sqrt(box.reduce((sum, { count }) => sum + count, 0)) };
  };
  const boxes = [measured(colours)];
  while (boxes.length < 256) {
    boxes.sort((one, other) => other.weight - one.weight);
    if (boxes[0].weight === 0) break;
    const { box, at } = boxes.shift()!;
    box.sort((one, other) => channel(one.value, at) - channel(other.value, at));
    const middle = (channel(box[0].value, at) + channel(box.at(-1)!.value, at)) / 2;
    const end = box.findIndex(({ value }) => channel(value, at) > middle);
    boxes.push(measured(box.slice(0, end)), measured(box.slice(end)));
  }
  return boxes.map(({ box }) => box);
}

function read(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const [width, height, kind] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25]];
  if (png[24] !== 8 || (kind !== 2 && kind !== 6) || png[28] !== 0) throw new Error('not a PNG as Chromium writes it');
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const [raw, size] = [inflateSync(Buffer.concat(data)), kind === 2 ? 3 : 4];
  const length = width * size;
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(length);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (length + 1)];
    const row = raw.subarray(y * (length + 1) + 1, (y + 1) * (length + 1));
    for (let x = 0; x < length; x += 1) {
      const [left, up, corner] = [x < size ? 0 : row[x - size], above[x], x < size ? 0 : above[x - size]];
      row[x] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
    for (let x = 0; x < width; x += 1)
      pixels[y * width + x] = (row[x * size] << 16) | (row[x * size + 1] << 8) | row[x * size + 2];
    above = row;
  }
  return { width, height, pixels };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
