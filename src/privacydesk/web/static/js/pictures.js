// Pictures before they are uploaded: shown small, and turned on a canvas.

const JPEG = 0.92;

/** The longest side that is uploaded of a turned picture: the desk keeps no more. */
const LONGEST = 3000;
const SMALL = 192;

/**
 * @param {Blob} file
 * @returns {Promise<HTMLCanvasElement | null>} a small copy; null if the browser can't show it
 */
export async function smallCopy(file) {
  try {
    return await copy(file, 0, SMALL);
  } catch {
    return null;
  }
}

/**
 * @param {Blob} file
 * @param {number} turns quarter turns to the right
 * @returns {Promise<Blob>} the turned picture as a JPEG
 */
export async function turned(file, turns) {
  const canvas = await copy(file, turns, LONGEST);
  return new Promise((done) => canvas.toBlob((blob) => done(/** @type {Blob} */ (blob)), "image/jpeg", JPEG));
}

/**
 * @param {Blob} file
 * @param {number} turns
 * @param {number} longest of its sides, in pixels
 */
async function copy(file, turns, longest) {
  // Upright first, as its metadata say.
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const canvas = draw(picture, turns, longest);
  picture.close();
  return canvas;
}

/**
 * @param {ImageBitmap | HTMLCanvasElement} picture
 * @param {number} turns quarter turns to the right
 * @param {number} [longest] of its sides, in pixels
 * @returns {HTMLCanvasElement}
 */
export function draw(picture, turns, longest = SMALL) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = turns % 2 ? [height, width] : [width, height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((turns * Math.PI) / 2);
  context.drawImage(picture, -width / 2, -height / 2, width, height);
  return canvas;
}
