// Which triangle is nearest at each pixel centre. Vertices are snapped to 1/256 pixel, so that edge functions are whole
// numbers that a double holds exactly: two triangles that share an edge agree about it to the last bit, and the top-left
// rule gives each pixel centre on it to exactly one of them.

/** Numbers per vertex in a vertex buffer, and what stands where. */
export const VERTEX_SIZE = 10;
export const CAMERA_X = 0;
export const CAMERA_Y = 1;
export const DEPTH = 2;
/** Pixels, unsnapped. */
export const SCREEN_X = 3;
export const SCREEN_Y = 4;
/** Grows towards the viewer and is linear over the screen: 1 / depth, or minus the depth where projection is parallel. */
export const NEARNESS = 5;
export const FACING_LIGHT = 6;
export const FACING_UP = 7;
/** Whole numbers of 1/256 pixel. Their differences must stay below 2^26 for the edge functions to be exact. */
export const SNAPPED_X = 8;
export const SNAPPED_Y = 9;

const SUBPIXELS = 256;
const HALF_PIXEL = SUBPIXELS / 2;
/** Farthest a vertex may lie from the image's centre, in pixels: triangles beyond are clipped first. */
export const GUARD_BAND = 60_000;

/** Writes the snapped screen position of the vertex that starts at `at`. */
export function snapVertex(vertices: Float64Array, at: number): void {
  vertices[at + SNAPPED_X] = Math.floor(vertices[at + SCREEN_X] * SUBPIXELS + 0.5);
  vertices[at + SNAPPED_Y] = Math.floor(vertices[at + SCREEN_Y] * SUBPIXELS + 0.5);
}

/** Nearest triangle and its nearness for each pixel, row-major from the top-left corner. */
export class Coverage {
  width = 0;
  height = 0;
  /** `[height, width]`. */
  nearness = new Float32Array(0);
  /** `[height, width]` owner given to `fill`; 0 = nobody. */
  owner = new Int32Array(0);
  /** Nearness of the triangle filled last, as `a * x + b * y + c` over pixel coordinates. */
  readonly plane = new Float64Array(3);

  /** Starts a frame. What is not nearer than `background` is not drawn. */
  begin(width: number, height: number, background: number): void {
    if (width !== this.width || height !== this.height) {
      this.width = width;
      this.height = height;
      if (this.nearness.length < width * height) {
        this.nearness = new Float32Array(width * height);
        this.owner = new Int32Array(width * height);
      }
    }
    this.nearness.fill(background, 0, width * height);
    this.owner.fill(0, 0, width * height);
  }

  /**
   * Draws the triangle whose vertices start at `a`, `b`, `c`. A triangle that runs anticlockwise on the screen, or has no
   * area, is not drawn.
   *
   * @param owner - positive id
   * @returns how many pixels it won
   */
  fill(vertices: Float64Array, a: number, b: number, c: number, owner: number): number {
    const ax = vertices[a + SNAPPED_X];
    const ay = vertices[a + SNAPPED_Y];
    const bx = vertices[b + SNAPPED_X];
    const by = vertices[b + SNAPPED_Y];
    const cx = vertices[c + SNAPPED_X];
    const cy = vertices[c + SNAPPED_Y];
    if (!((bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0)) return 0;

    const { width, height } = this;
    // Ternaries where Math.min would do: it minds signed zeros and NaN, which costs a tenth of a frame here.
    const lowX = ax < bx ? (ax < cx ? ax : cx) : bx < cx ? bx : cx;
    const highX = ax > bx ? (ax > cx ? ax : cx) : bx > cx ? bx : cx;
    const firstX = Math.ceil((lowX - HALF_PIXEL) / SUBPIXELS);
    const lastX = Math.floor((highX - HALF_PIXEL) / SUBPIXELS);
    const minX = firstX > 0 ? firstX : 0;
    const maxX = lastX < width - 1 ? lastX : width - 1;
    if (minX > maxX) return 0;
    const lowY = ay < by ? (ay < cy ? ay : cy) : by < cy ? by : cy;
    const highY = ay > by ? (ay > cy ? ay : cy) : by > cy ? by : cy;
    const topY = Math.ceil((lowY - HALF_PIXEL) / SUBPIXELS);
    const bottomY = Math.floor((highY - HALF_PIXEL) / SUBPIXELS);
    const minY = (topY > 0 ? topY : 0) | 0;
    const maxY = (bottomY < height - 1 ? bottomY : height - 1) | 0;
    if (minY > maxY) return 0;

    // Edge functions at the centre of pixel (0, minY); a pixel is inside where all three are >= 0. An edge that is neither
    // top nor left starts one lower, which moves its own pixels outside.
    const firstY = minY * SUBPIXELS + HALF_PIXEL;
    const abX = bx - ax;
    const abY = by - ay;
    const bcX = cx - bx;
    const bcY = cy - by;
    const caX = ax - cx;
    const caY = ay - cy;
    let ab = abX * (firstY - ay) - abY * (HALF_PIXEL - ax) - (abY < 0 || (abY === 0 && abX > 0) ? 0 : 1);
    let bc = bcX * (firstY - by) - bcY * (HALF_PIXEL - bx) - (bcY < 0 || (bcY === 0 && bcX > 0) ? 0 : 1);
    let ca = caX * (firstY - cy) - caY * (HALF_PIXEL - cx) - (caY < 0 || (caY === 0 && caX > 0) ? 0 : 1);
    const abRow = abX * SUBPIXELS;
    const bcRow = bcX * SUBPIXELS;
    const caRow = caX * SUBPIXELS;
    const abStep = -abY * SUBPIXELS;
    const bcStep = -bcY * SUBPIXELS;
    const caStep = -caY * SUBPIXELS;

    const steep = this.#setPlane(vertices, a, b, c);
    const stepX = this.plane[0];
    const stepY = this.plane[1];
    const origin = this.plane[2] + 0.5 * (stepX + stepY);
    const low = steep ? Math.min(vertices[a + NEARNESS], vertices[b + NEARNESS], vertices[c + NEARNESS]) : 0;
    const high = steep ? Math.max(vertices[a + NEARNESS], vertices[b + NEARNESS], vertices[c + NEARNESS]) : 0;

    const nearness = this.nearness;
    const owners = this.owner;
    let won = 0;
    for (let y = minY; y <= maxY; y++, ab += abRow, bc += bcRow, ca += caRow) {
      // The quotients are exact enough: a true quotient that is no whole number is at least 1 / step from one, far more
      // than the rounding of a double of this size.
      let from = minX;
      let to = maxX;
      if (abStep > 0) {
        const enter = Math.ceil(-ab / abStep);
        if (enter > from) from = enter;
      } else if (abStep < 0) {
        const leave = Math.floor(ab / -abStep);
        if (leave < to) to = leave;
      } else if (ab < 0) continue;
      if (bcStep > 0) {
        const enter = Math.ceil(-bc / bcStep);
        if (enter > from) from = enter;
      } else if (bcStep < 0) {
        const leave = Math.floor(bc / -bcStep);
        if (leave < to) to = leave;
      } else if (bc < 0) continue;
      if (caStep > 0) {
        const enter = Math.ceil(-ca / caStep);
        if (enter > from) from = enter;
      } else if (caStep < 0) {
        const leave = Math.floor(ca / -caStep);
        if (leave < to) to = leave;
      } else if (ca < 0) continue;
      if (!(from <= to)) continue;

      let value = origin + stepY * y + stepX * from;
      const end = (y * width + to) | 0;
      let i = (y * width + from) | 0;
      if (steep) {
        for (; i <= end; i++, value += stepX) {
          const clamped = value < low ? low : value > high ? high : value;
          if (clamped > nearness[i]) {
            nearness[i] = clamped;
            owners[i] = owner;
            won++;
          }
        }
      } else {
        for (; i <= end; i++, value += stepX) {
          if (value > nearness[i]) {
            nearness[i] = value;
            owners[i] = owner;
            won++;
          }
        }
      }
    }
    return won;
  }

  /**
   * Sets `plane` from the unsnapped vertices, so that depth is that of the true plane. Returns true for a sliver, whose
   * plane may shoot past its own vertices within the half sub-pixel that snapping moved them.
   */
  #setPlane(vertices: Float64Array, a: number, b: number, c: number): boolean {
    const ax = vertices[a + SCREEN_X];
    const ay = vertices[a + SCREEN_Y];
    const abX = vertices[b + SCREEN_X] - ax;
    const abY = vertices[b + SCREEN_Y] - ay;
    const acX = vertices[c + SCREEN_X] - ax;
    const acY = vertices[c + SCREEN_Y] - ay;
    const an = vertices[a + NEARNESS];
    const ab = vertices[b + NEARNESS] - an;
    const ac = vertices[c + NEARNESS] - an;
    const area = abX * acY - abY * acX;
    const plane = this.plane;
    if (!(area > 1e-9)) {
      plane[0] = 0;
      plane[1] = 0;
      plane[2] = an;
      return true;
    }
    const dx = (ab * acY - ac * abY) / area;
    const dy = (ac * abX - ab * acX) / area;
    plane[0] = dx;
    plane[1] = dy;
    plane[2] = an - dx * ax - dy * ay;
    return Math.abs(dx) + Math.abs(dy) > 4 * (Math.max(ab, ac, 0) - Math.min(ab, ac, 0));
  }
}
