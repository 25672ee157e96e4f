import { DEFAULT_LIGHT, exact, InputError, UnknownIdError } from "@reverie/core";
import type { SceneDescription } from "@reverie/core";
import {
  DirectionalLight,
  HemisphereLight,
  Light,
  NeutralToneMapping,
  PCFShadowMap,
  PerspectiveCamera,
  PMREMGenerator,
  Scene,
  WebGLRenderer,
} from "three";
import type { Sphere } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { setProjection, showWholePicture } from "../pinhole.ts";
import { SceneGraph } from "../scene-graph.ts";
import { eyeOf, isFreeView, measureScene } from "./framing.ts";
import type { SceneExtent } from "./framing.ts";
import { Ground } from "./ground.ts";
import { createNotice } from "./notice.ts";
import type { Notice } from "./notice.ts";
import { PoseBlend } from "./pose-blend.ts";
import { THEMES } from "./theme.ts";
import type { Theme } from "./theme.ts";
import { Wardrobe } from "./wardrobe.ts";

const FREE_FOV = 0.66;
const MAX_PIXEL_RATIO = 2;
const SHADOW_TEXELS = 2048;
/** A new scene whose centre or size differs by less than this share keeps the eye where it is. */
const SAME_PLACE = 0.25;

export interface ViewportOptions {
  /** @defaultValue "light" */
  readonly theme?: Theme;
  /** Called once, after the first frame that shows a scene. */
  readonly onFirstFrame?: () => void;
}

interface Shown {
  readonly graph: SceneGraph;
  readonly wardrobe: Wardrobe;
  readonly poses: PoseBlend;
  readonly extent: SceneExtent;
}

/**
 * A live 3D view of a scene inside a page element, drawn with WebGL only when something changed. Poses move smoothly from one
 * received set to the next. Orbit with the mouse or a finger, pan with the right button or two fingers or the arrow keys.
 *
 * Where WebGL is missing the element shows a sentence instead, and every method does nothing.
 */
export class Viewport {
  /** Called once, after the first frame that shows a scene. */
  onFirstFrame: (() => void) | undefined;
  readonly #container: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #notice: Notice;
  readonly #renderer: WebGLRenderer | undefined;
  readonly #world = new Scene();
  readonly #sun = new DirectionalLight();
  readonly #fill = new HemisphereLight();
  readonly #ground = new Ground();
  readonly #eye = new PerspectiveCamera();
  readonly #controls: OrbitControls;
  readonly #resizes: ResizeObserver;
  #theme: Theme;
  #view = "perspective";
  #marked: ReadonlySet<string> = new Set();
  #shown: Shown | undefined;
  #frame = 0;
  #posesMove = false;

  /** Fills `container` with the view; it needs a size of its own, and a position other than static. */
  constructor(container: HTMLElement, options: ViewportOptions = {}) {
    this.#container = container;
    this.#theme = options.theme ?? "light";
    this.onFirstFrame = options.onFirstFrame;
    this.#canvas = document.createElement("canvas");
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", "3D view of the scene");
    this.#canvas.tabIndex = 0;
    this.#canvas.style.cssText = "display:block;width:100%;height:100%;touch-action:none";
    this.#notice = createNotice();
    container.append(this.#canvas, this.#notice.element);

    this.#eye.up.set(0, 0, 1);
    this.#eye.position.set(2, -2, 1.5);
    this.#controls = new OrbitControls(this.#eye, this.#canvas);
    this.#controls.enableDamping = true;
    this.#controls.dampingFactor = 0.14;
    this.#controls.listenToKeyEvents(this.#canvas);
    this.#controls.addEventListener("change", this.#requestFrame);
    this.#world.add(this.#sun, this.#sun.target, this.#fill, this.#ground.root);
    this.#fill.position.set(0, 0, 1);
    this.#resizes = new ResizeObserver(this.#resize);

    const context = this.#canvas.getContext("webgl2", { antialias: true, alpha: true, stencil: true, powerPreference: "high-performance" });
    if (context === null) {
      this.#notice.setColor(THEMES[this.#theme].text);
      this.#canvas.style.display = "none";
      this.#notice.show("This browser cannot show the 3D view: WebGL 2 is missing or switched off.");
      return;
    }
    const renderer = new WebGLRenderer({ canvas: this.#canvas, context });
    this.#renderer = renderer;
    renderer.setClearColor(0x000000, 0);
    renderer.toneMapping = NeutralToneMapping;
    renderer.shadowMap.enabled = true;
    renderer.shadowMap.type = PCFShadowMap;
    renderer.shadowMap.autoUpdate = false;
    this.#sun.castShadow = true;
    this.#sun.shadow.mapSize.set(SHADOW_TEXELS, SHADOW_TEXELS);
    this.#sun.shadow.radius = 3;
    this.#canvas.addEventListener("webglcontextlost", this.#contextLost);
    this.#canvas.addEventListener("webglcontextrestored", this.#contextRestored);
    this.#reflectRoom(renderer);
    this.#applyTheme();
    this.#resizes.observe(container);
    this.#resize();
  }

  /** Shows a scene at its start poses; the eye stays where it was when the scene is in the same place. */
  setScene(scene: SceneDescription): void {
    if (this.#renderer === undefined) return;
    const before = this.#shown?.extent.sphere;
    this.#removeScene();
    const graph = new SceneGraph(scene);
    graph.root.traverse((object) => {
      if (object instanceof Light) object.visible = false;
    });
    this.#world.add(graph.root);
    const extent = measureScene(graph.root);
    const poses = new Float32Array(
      scene.bodies.flatMap(({ worldFromBody: { position: p, orientation: q } }) => [p.x, p.y, p.z, q.x, q.y, q.z, q.w]),
    );
    this.#shown = { graph, wardrobe: new Wardrobe(graph, scene, 0.006 * extent.sphere.radius), poses: new PoseBlend(poses), extent };
    this.#light(scene, extent);
    this.#dress();
    if (!isFreeView(this.#view) && !graph.cameras.has(cameraIdOf(this.#view))) this.#view = "perspective";
    this.#aim(before !== undefined && isSamePlace(before, extent.sphere));
    this.#posesChanged();
  }

  /**
   * Moves the bodies there, smoothly. @param poses - `[bodies, 7]` in scene order: x, y, z, qx, qy, qz, qw; copied
   *
   * @throws InputError when the length does not fit the scene, or there is no scene yet
   */
  setPoses(poses: Float32Array): void {
    if (this.#renderer === undefined) return;
    const expected = this.#shown?.poses.shown.length ?? 0;
    if (this.#shown === undefined || poses.length !== expected) {
      throw new InputError("poses", `expected ${expected} numbers for the scene that is shown, got ${poses.length}.`);
    }
    this.#shown.poses.receive(poses);
    this.#posesChanged();
  }

  /** Marks these bodies with an outline and a tint, and no others. Ids that the scene does not have mark nothing. */
  highlight(bodyIds: readonly string[]): void {
    this.#marked = new Set(bodyIds);
    this.#dress();
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#applyTheme();
  }

  /**
   * Looks from a free point of view, which can then be turned by hand, or through a camera of the scene, whole picture in sight.
   *
   * @param view - "perspective", "top" (the world's x points up), "front" (against the world's x), or a camera's id; a camera that
   *   is itself called like one of the three is reached as "camera:" and its id
   * @throws UnknownIdError when it is none of these
   */
  setView(view: string): void {
    if (this.#renderer === undefined) return;
    const known = [...(this.#shown?.graph.cameras.keys() ?? [])];
    if (!isFreeView(view) && !known.includes(cameraIdOf(view))) {
      throw new UnknownIdError("view", view, ["perspective", "top", "front", ...known]);
    }
    this.#view = view;
    this.#aim();
  }

  /** Frees the graphics context and leaves the container empty. */
  dispose(): void {
    if (this.#frame !== 0) cancelAnimationFrame(this.#frame);
    this.#resizes.disconnect();
    this.#controls.dispose();
    this.#removeScene();
    this.#ground.dispose();
    this.#world.environment?.dispose();
    this.#sun.dispose();
    this.#canvas.removeEventListener("webglcontextlost", this.#contextLost);
    this.#canvas.removeEventListener("webglcontextrestored", this.#contextRestored);
    this.#renderer?.dispose();
    this.#renderer?.forceContextLoss();
    this.#canvas.remove();
    this.#notice.element.remove();
  }

  #removeScene(): void {
    if (this.#shown === undefined) return;
    this.#world.remove(this.#shown.graph.root);
    this.#shown.wardrobe.dispose();
    this.#shown.graph.dispose();
    this.#shown = undefined;
  }

  #posesChanged(): void {
    this.#posesMove = true;
    this.#requestFrame();
  }

  #dress(): void {
    this.#shown?.wardrobe.dress(this.#marked, THEMES[this.#theme].accent);
    this.#requestFrame();
  }

  #applyTheme(): void {
    const theme = THEMES[this.#theme];
    this.#canvas.style.background = theme.background;
    this.#notice.setColor(theme.text);
    this.#ground.setTheme(theme);
    this.#sun.intensity = theme.sun;
    this.#fill.intensity = theme.fill;
    this.#world.environmentIntensity = theme.environment;
    this.#dress();
  }

  #reflectRoom(renderer: WebGLRenderer): void {
    const generator = new PMREMGenerator(renderer);
    const room = new RoomEnvironment();
    this.#world.environment?.dispose();
    this.#world.environment = generator.fromScene(room, 0.04).texture;
    // The room stands along y.
    this.#world.environmentRotation.set(Math.PI / 2, 0, 0);
    room.dispose();
    generator.dispose();
  }

  #light(scene: SceneDescription, { sphere, groundHeight }: SceneExtent): void {
    const { towardsLight, color, skyColor, groundColor } = scene.light ?? DEFAULT_LIGHT;
    const { center, radius } = sphere;
    const reach = 1.3 * radius;
    this.#sun.color.setRGB(...color);
    this.#sun.target.position.copy(center);
    this.#sun.position
      .set(towardsLight.x, towardsLight.y, towardsLight.z)
      .multiplyScalar(4 * reach)
      .add(center);
    this.#fill.color.setRGB(...skyColor);
    this.#fill.groundColor.setRGB(...groundColor);
    const { camera } = this.#sun.shadow;
    camera.left = camera.bottom = -reach;
    camera.right = camera.top = reach;
    camera.near = 2 * reach;
    camera.far = 10 * reach;
    camera.updateProjectionMatrix();
    this.#sun.shadow.normalBias = (1.6 * 2 * reach) / SHADOW_TEXELS;
    this.#ground.fit(center.x, center.y, groundHeight, radius);
  }

  /** Brings the eye to the chosen view. @param stay - a free eye keeps its place */
  #aim(stay = false): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    const free = isFreeView(this.#view);
    this.#controls.enabled = free;
    // From outside, the grid stands for the floor; a camera's picture keeps the floor it has.
    for (const mesh of shown.extent.floor) mesh.visible = !free;
    this.#ground.root.visible = free || shown.extent.floor.length === 0;
    if (isFreeView(this.#view) && !stay) {
      const { sphere } = shown.extent;
      const halfAngle = exact.tan(FREE_FOV / 2) * Math.min(1, this.#aspect());
      this.#project();
      this.#eye.position.copy(eyeOf(this.#view, sphere, halfAngle));
      this.#controls.target.copy(sphere.center);
      this.#controls.minDistance = 0.1 * sphere.radius;
      this.#controls.maxDistance = 12 * sphere.radius;
      this.#controls.maxPolarAngle = 0.497 * Math.PI;
      this.#controls.update();
    }
    this.#requestFrame();
  }

  #aspect(): number {
    return Math.max(1, this.#container.clientWidth) / Math.max(1, this.#container.clientHeight);
  }

  /** The scene's camera that is looked through, if any. */
  #sceneCamera(): PerspectiveCamera | undefined {
    return isFreeView(this.#view) ? undefined : this.#shown?.graph.cameras.get(cameraIdOf(this.#view));
  }

  /** Sets the eye's projection; through a scene's camera, wide enough that its whole picture is in sight. */
  #project(): void {
    const shown = this.#shown;
    const aspect = this.#aspect();
    const camera = this.#sceneCamera();
    if (camera === undefined) {
      const radius = shown?.extent.sphere.radius ?? 1;
      setProjection(this.#eye, FREE_FOV, aspect, 0.01 * radius, 60 * radius);
      return;
    }
    this.#eye.near = camera.near;
    this.#eye.far = camera.far;
    showWholePicture(this.#eye, camera, aspect);
  }

  readonly #resize = (): void => {
    const { clientWidth: width, clientHeight: height } = this.#container;
    if (this.#renderer === undefined || width === 0 || height === 0) return;
    this.#renderer.setPixelRatio(Math.min(window.devicePixelRatio, MAX_PIXEL_RATIO));
    this.#renderer.setSize(width, height, false);
    this.#project();
    this.#requestFrame();
  };

  readonly #requestFrame = (): void => {
    if (this.#frame === 0 && this.#renderer !== undefined) this.#frame = requestAnimationFrame(this.#draw);
  };

  readonly #draw = (timeMs: number): void => {
    this.#frame = 0;
    const renderer = this.#renderer;
    if (renderer === undefined || renderer.getContext().isContextLost()) return;
    const shown = this.#shown;
    if (shown !== undefined && this.#posesMove) {
      this.#posesMove = shown.poses.advance(timeMs);
      shown.graph.setPoses(shown.poses.shown);
      renderer.shadowMap.needsUpdate = true;
      if (this.#posesMove) this.#requestFrame();
    }
    const camera = this.#sceneCamera();
    this.#project();
    if (camera === undefined) {
      // Moves on while the eye swings out; the "change" event then asks for the next frame.
      this.#controls.update();
    } else {
      camera.matrixWorld.decompose(this.#eye.position, this.#eye.quaternion, this.#eye.scale);
    }
    renderer.render(this.#world, this.#eye);
    if (shown !== undefined && this.onFirstFrame !== undefined) {
      const report = this.onFirstFrame;
      this.onFirstFrame = undefined;
      report();
    }
  };

  readonly #contextLost = (event: Event): void => {
    event.preventDefault();
    this.#notice.show("The 3D view lost the graphics card and comes back as soon as it can.");
  };

  readonly #contextRestored = (): void => {
    this.#notice.hide();
    if (this.#renderer !== undefined) this.#reflectRoom(this.#renderer);
    this.#posesChanged();
  };
}

function cameraIdOf(view: string): string {
  return view.startsWith("camera:") ? view.slice("camera:".length) : view;
}

function isSamePlace(a: Sphere, b: Sphere): boolean {
  const largest = Math.max(a.radius, b.radius);
  return a.center.distanceTo(b.center) < SAME_PLACE * largest && Math.abs(a.radius - b.radius) < SAME_PLACE * largest;
}
