import { FACING_LIGHT, FACING_UP, NEARNESS, SCREEN_X, SCREEN_Y } from "./coverage.ts";

/** Numbers per triangle: linear red, green, blue; 1 where its light is constant; then two planes of three numbers each. */
export const TRIANGLE_SIZE = 10;
export const CONSTANT = 3;
/** Cosine to the light, and height of the normal; where not constant, both are times nearness, linear over the screen. */
export const LIGHT_PLANE = 4;
export const UP_PLANE = 7;

/** What shading needs to know about the triangles that won a pixel of this frame. Owner `i + 1` of the coverage is triangle `i`. */
export class TriangleList {
  length = 0;
  values = new Float64Array(1024 * TRIANGLE_SIZE);
  segmentation = new Uint16Array(1024);
  /** Which mesh of the frame it belongs to. */
  mesh = new Uint32Array(1024);
  /** Where its three corners start in the mesh's `indices`. */
  corner = new Uint32Array(1024);

  /**
   * Adds the triangle whose vertices start at `a`, `b`, `c`.
   *
   * @param sign - -1 where its back is seen
   * @param mesh - index in the frame
   * @param corner - where its corners start in the mesh's `indices`
   */
  add(
    vertices: Float64Array,
    a: number,
    b: number,
    c: number,
    sign: number,
    segmentationId: number,
    color: Float64Array,
    mesh: number,
    corner: number,
  ): void {
    const index = this.length++;
    if (index === this.segmentation.length) this.#grow();
    const at = index * TRIANGLE_SIZE;
    const { values } = this;
    this.segmentation[index] = segmentationId;
    this.mesh[index] = mesh;
    this.corner[index] = corner;
    values[at] = color[0];
    values[at + 1] = color[1];
    values[at + 2] = color[2];
    const light = vertices[a + FACING_LIGHT];
    const up = vertices[a + FACING_UP];
    if (
      light === vertices[b + FACING_LIGHT] &&
      light === vertices[c + FACING_LIGHT] &&
      up === vertices[b + FACING_UP] &&
      up === vertices[c + FACING_UP]
    ) {
      values[at + CONSTANT] = 1;
      values[at + LIGHT_PLANE] = light * sign;
      values[at + UP_PLANE] = up * sign;
      return;
    }
    values[at + CONSTANT] = 0;
    this.#setPlane(at + LIGHT_PLANE, vertices, a, b, c, FACING_LIGHT, sign);
    this.#setPlane(at + UP_PLANE, vertices, a, b, c, FACING_UP, sign);
  }

  /** Writes `attribute * nearness` as a plane `x, y, constant` over pixel coordinates. */
  #setPlane(at: number, vertices: Float64Array, a: number, b: number, c: number, attribute: number, sign: number): void {
    const ax = vertices[a + SCREEN_X];
    const ay = vertices[a + SCREEN_Y];
    const abX = vertices[b + SCREEN_X] - ax;
    const abY = vertices[b + SCREEN_Y] - ay;
    const acX = vertices[c + SCREEN_X] - ax;
    const acY = vertices[c + SCREEN_Y] - ay;
    const av = sign * vertices[a + attribute] * vertices[a + NEARNESS];
    const ab = sign * vertices[b + attribute] * vertices[b + NEARNESS] - av;
    const ac = sign * vertices[c + attribute] * vertices[c + NEARNESS] - av;
    const area = abX * acY - abY * acX;
    // A sliver has no usable gradient; its first corner then speaks for all of it.
    const scale = area > 1e-4 ? 1 / area : 0;
    const dx = (ab * acY - ac * abY) * scale;
    const dy = (ac * abX - ab * acX) * scale;
    this.values[at] = dx;
    this.values[at + 1] = dy;
    this.values[at + 2] = av - dx * ax - dy * ay;
  }

  #grow(): void {
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
    const segmentation = new Uint16Array(this.segmentation.length * 2);
    segmentation.set(this.segmentation);
    this.segmentation = segmentation;
    const mesh = new Uint32Array(this.mesh.length * 2);
    mesh.set(this.mesh);
    this.mesh = mesh;
    const corner = new Uint32Array(this.corner.length * 2);
    corner.set(this.corner);
    this.corner = corner;
  }
}
