import { Color, Group, Mesh, PlaneGeometry, ShaderMaterial, ShadowMaterial } from "three";
import type { ThemeColors } from "./theme.ts";

const VERTEX_SHADER = `
uniform float reach;
varying vec2 place;
void main() {
  place = reach * position.xy;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const FRAGMENT_SHADER = `
uniform vec3 color;
uniform float alpha;
uniform float spacing;
uniform float reach;
varying vec2 place;

float lines(vec2 p, float step) {
  vec2 q = p / step;
  vec2 width = fwidth(q);
  vec2 line = 1.0 - min(abs(fract(q - 0.5) - 0.5) / max(width, 1e-6), 1.0);
  // Lines closer than a few pixels would shimmer: they fade into their mean.
  line *= clamp(1.0 - 4.0 * width, 0.0, 1.0);
  return max(line.x, line.y);
}

void main() {
  float fade = 1.0 - smoothstep(0.15 * reach, reach, length(place));
  float line = max(0.45 * lines(place, spacing), lines(place, 10.0 * spacing));
  gl_FragColor = vec4(color, alpha * line * fade * fade);
  #include <colorspace_fragment>
}`;

/** A ground grid that fades out, and the shadows on it. */
export class Ground {
  readonly root = new Group();
  readonly #geometry = new PlaneGeometry(2, 2);
  readonly #grid: ShaderMaterial;
  readonly #shadow = new ShadowMaterial({ depthWrite: false });

  constructor() {
    this.#grid = new ShaderMaterial({
      vertexShader: VERTEX_SHADER,
      fragmentShader: FRAGMENT_SHADER,
      uniforms: { color: { value: new Color() }, alpha: { value: 0 }, spacing: { value: 0.1 }, reach: { value: 1 } },
      transparent: true,
      depthWrite: false,
    });
    const grid = new Mesh(this.#geometry, this.#grid);
    const shadow = new Mesh(this.#geometry, this.#shadow);
    grid.renderOrder = 1;
    shadow.receiveShadow = true;
    this.root.add(shadow, grid);
  }

  /** Lays the ground under a scene. @param radius - of the scene, metres */
  fit(x: number, y: number, z: number, radius: number): void {
    let spacing = 0.01;
    while (spacing * 20 < radius) spacing *= 10;
    const reach = 6 * radius;
    // Grid lines stay on whole multiples of the spacing in the world.
    const whole = 10 * spacing;
    this.root.position.set(Math.round(x / whole) * whole, Math.round(y / whole) * whole, z);
    this.root.scale.set(reach, reach, 1);
    this.#grid.uniforms["spacing"].value = spacing;
    this.#grid.uniforms["reach"].value = reach;
  }

  setTheme(theme: ThemeColors): void {
    (this.#grid.uniforms["color"].value as Color).setHex(theme.grid);
    this.#grid.uniforms["alpha"].value = theme.gridAlpha;
    this.#shadow.opacity = theme.shadowAlpha;
  }

  dispose(): void {
    this.#geometry.dispose();
    this.#grid.dispose();
    this.#shadow.dispose();
  }
}
