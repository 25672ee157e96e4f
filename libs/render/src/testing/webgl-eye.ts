import type { CameraImage } from "@reverie/core";
import { Color, FloatType, LinearSRGBColorSpace, Mesh, NearestFilter, ShaderMaterial, WebGLRenderer, WebGLRenderTarget } from "three";
import type { Material, PerspectiveCamera } from "three";
import type { SceneGraph } from "../scene-graph.ts";
import { aimSunShadow } from "../sun-shadow.ts";

/** Writes a mesh's id to red and the depth in metres to green. */
function idMaterial(id: number): ShaderMaterial {
  return new ShaderMaterial({
    uniforms: { id: { value: id } },
    vertexShader: `varying float depth; void main() {
      vec4 seen = modelViewMatrix * vec4(position, 1.0); depth = -seen.z; gl_Position = projectionMatrix * seen; }`,
    fragmentShader: "uniform float id; varying float depth; void main() { gl_FragColor = vec4(id, depth, 0.0, 1.0); }",
  });
}

/** Draws scene graphs with three's own WebGLRenderer in a page, without smoothing of edges. */
export class WebGlEye {
  readonly #renderer: WebGLRenderer;
  readonly #width: number;
  readonly #height: number;
  readonly #geometric: WebGLRenderTarget;

  constructor(width: number, height: number) {
    const canvas = document.createElement("canvas");
    this.#renderer = new WebGLRenderer({ canvas, antialias: false, preserveDrawingBuffer: true });
    this.#renderer.setSize(width, height, false);
    this.#width = width;
    this.#height = height;
    this.#geometric = new WebGLRenderTarget(width, height, {
      type: FloatType,
      minFilter: NearestFilter,
      magFilter: NearestFilter,
      colorSpace: LinearSRGBColorSpace,
    });
  }

  /** What `camera` sees of the poses set last. @param shadowTexels - 0 = no shadows */
  render(graph: SceneGraph, camera: PerspectiveCamera, shadowTexels: number): CameraImage {
    const rgb = this.#renderColor(graph, camera, shadowTexels);
    return { camera: camera.name, width: this.#width, height: this.#height, rgb, ...this.#renderGeometry(graph, camera) };
  }

  #renderColor(graph: SceneGraph, camera: PerspectiveCamera, shadowTexels: number): Uint8Array {
    const renderer = this.#renderer;
    renderer.shadowMap.enabled = shadowTexels > 0;
    const putSunBack = shadowTexels > 0 ? aimSunShadow(graph.root, shadowTexels) : undefined;
    renderer.setRenderTarget(null);
    renderer.render(graph.root, camera);
    putSunBack?.();
    const context = renderer.getContext();
    const pixels = new Uint8Array(4 * this.#width * this.#height);
    context.readPixels(0, 0, this.#width, this.#height, context.RGBA, context.UNSIGNED_BYTE, pixels);
    return this.#upright(pixels, new Uint8Array(3 * this.#width * this.#height), [0, 1, 2]);
  }

  #renderGeometry(graph: SceneGraph, camera: PerspectiveCamera): Pick<CameraImage, "depth" | "segmentation"> {
    const worn: { readonly mesh: Mesh; readonly material: Material | Material[] }[] = [];
    graph.root.traverse((object) => {
      if (!(object instanceof Mesh)) return;
      worn.push({ mesh: object, material: object.material as Material });
      object.material = idMaterial(object.userData["segmentationId"] as number);
    });
    const { background } = graph.root;
    graph.root.background = new Color(0, 0, 0);
    const renderer = this.#renderer;
    renderer.shadowMap.enabled = false;
    renderer.setRenderTarget(this.#geometric);
    renderer.render(graph.root, camera);
    const count = this.#width * this.#height;
    const pixels = new Float32Array(4 * count);
    renderer.readRenderTargetPixels(this.#geometric, 0, 0, this.#width, this.#height, pixels);
    graph.root.background = background;
    for (const { mesh, material } of worn) {
      (mesh.material as Material).dispose();
      mesh.material = material;
    }
    const segmentation = this.#upright(pixels, new Uint16Array(count), [0]);
    const depth = this.#upright(pixels, new Float32Array(count), [1]).map((metres) => (metres === 0 ? Infinity : metres));
    return { depth, segmentation };
  }

  /** Rows of WebGL go up. */
  #upright<T extends Uint8Array | Uint16Array | Float32Array>(pixels: ArrayLike<number>, out: T, channels: readonly number[]): T {
    for (let y = 0, to = 0; y < this.#height; y++) {
      const row = (this.#height - 1 - y) * this.#width;
      for (let x = 0; x < this.#width; x++) for (const channel of channels) out[to++] = pixels[4 * (row + x) + channel];
    }
    return out;
  }
}
