import { DEFAULT_LIGHT, InputError, UnknownIdError } from "@reverie/core";
import type {
  BodyDescription,
  CameraDescription,
  Color as LinearColor,
  Pose,
  SceneDescription,
  ShapeDescription,
  TextureDescription,
} from "@reverie/core";
import { Color, DirectionalLight, Mesh, MeshLambertMaterial, Object3D, PerspectiveCamera, Quaternion, Scene, Vector3 } from "three";
import type { BufferGeometry, DataTexture } from "three";
import { configureCamera } from "./camera-model.ts";
import { createFillLight } from "./fill-light.ts";
import { checkPose, placeAt, POSE_SIZE } from "./body-pose.ts";
import { buildGeometry, buildShadowCaster, geometryKey } from "./geometry.ts";
import { PreviousState } from "./previous-state.ts";
import { semanticIds } from "./segmentation-names.ts";
import { createTexture, layoutOf } from "./textures/three-texture.ts";
import { textureKey } from "./textures/tile.ts";
import { layoutKey, unwrap } from "./unwrap.ts";

/** A fixed shape at least this share of the largest shape is ground, wall or sky: it receives shadows and casts none. */
const GROUND_SHARE = 0.5;

function place(object: Object3D, pose: Pose, path: () => string): void {
  const { position: p, orientation: q } = pose;
  const numbers = Float64Array.of(p.x, p.y, p.z, q.x, q.y, q.z, q.w);
  checkPose(numbers, 0, path);
  placeAt(object, numbers, 0);
}

/**
 * A scene description as a three.js scene graph, built once and then moved by `setPoses`.
 *
 * World frame: right-handed, z up, metres. `root` holds one Object3D per body in scene order, each with one Mesh per
 * coloured shape (`userData.segmentationId` = body index + 1), the cameras, a directional light and a fill light.
 * The light's intensity is pi, so that a white surface facing a light of colour 1 reflects 1 in the renderers here and in three's.
 */
export class SceneGraph {
  readonly root = new Scene();
  readonly bodies: readonly Object3D[];
  /** Cameras by id; `userData.width` and `userData.height` are the description's pixels, `userData.intrinsics` its intrinsics if it has any. */
  readonly cameras: ReadonlyMap<string, PerspectiveCamera>;
  /** Where bodies and cameras stood before. */
  readonly previous: PreviousState;
  #posed = false;
  readonly #geometries = new Map<string, BufferGeometry>();
  readonly #materials = new Map<string, MeshLambertMaterial>();
  readonly #textures = new Map<string, DataTexture>();

  /**
   * @throws UnknownIdError when a camera is carried by a body that the scene does not have
   * @throws InputError when a camera or a texture is described with numbers that are not allowed
   */
  constructor(scene: SceneDescription) {
    this.root.up.set(0, 0, 1);
    const byId = new Map<string, Object3D>();
    const categories = semanticIds(scene);
    this.bodies = scene.bodies.map((description, index) => {
      const body = this.#addBody(description, index + 1, categories[index]);
      byId.set(description.id, body);
      return body;
    });
    markShadowCasters(scene.bodies, this.bodies);
    const cameras = new Map<string, PerspectiveCamera>();
    for (const description of scene.cameras) cameras.set(description.id, this.#addCamera(description, byId));
    this.cameras = cameras;
    this.previous = new PreviousState(this.bodies, cameras.values());

    const light = scene.light ?? DEFAULT_LIGHT;
    this.root.background = new Color().setRGB(...light.background);
    const sun = new DirectionalLight(new Color().setRGB(...light.color), Math.PI);
    sun.position.set(light.towardsLight.x, light.towardsLight.y, light.towardsLight.z);
    sun.castShadow = true;
    this.root.add(sun, sun.target, createFillLight(light));
    this.root.updateMatrixWorld(true);
  }

  /**
   * Moves all bodies. Where they stood after the last call is then the previous state, from which optical flow is measured; after the
   * first call there is none.
   *
   * @param poses - `[bodies, 7]` in scene order: x, y, z in metres and the unit quaternion qx, qy, qz, qw, body frame in the
   *   world. Read, not kept.
   * @throws InputError when the length is not 7 times the number of bodies, a number is not finite or a quaternion has no length;
   *   all bodies then stay where they are
   */
  setPoses(poses: Float32Array | Float64Array): void {
    const { bodies } = this;
    if (poses.length !== bodies.length * POSE_SIZE) {
      throw new InputError("poses", `expected ${bodies.length} bodies x ${POSE_SIZE} numbers, got ${poses.length} numbers.`);
    }
    for (let i = 0; i < bodies.length; i++) checkPose(poses, i * POSE_SIZE, () => `pose of body "${bodies[i].name}"`);
    if (this.#posed) this.previous.remember();
    this.#posed = true;
    for (let i = 0; i < bodies.length; i++) placeAt(bodies[i], poses, i * POSE_SIZE);
    this.root.updateMatrixWorld();
  }

  /**
   * Says where the bodies stood in the previous state, when that is not where the last call of `setPoses` found them: with several
   * pictures of one state, or after a restart.
   *
   * @param poses - as for `setPoses`; undefined = there was none, nothing has moved
   * @throws InputError as `setPoses` does
   */
  setPreviousPoses(poses: Float32Array | Float64Array | undefined): void {
    if (poses === undefined) {
      this.previous.forget();
      return;
    }
    const now = posesOf(this.bodies);
    this.setPoses(poses);
    this.setPoses(now);
  }

  /** The camera called `id`. @throws UnknownIdError when the scene has none */
  camera(id: string): PerspectiveCamera {
    const camera = this.cameras.get(id);
    if (camera === undefined) throw new UnknownIdError("camera", id, [...this.cameras.keys()]);
    return camera;
  }

  /** Camera frame in the world, for the poses set last. @throws UnknownIdError when the scene has no such camera */
  cameraPose(id: string): Pose {
    const camera = this.camera(id);
    camera.updateWorldMatrix(true, false);
    const position = new Vector3();
    const orientation = new Quaternion();
    camera.matrixWorld.decompose(position, orientation, new Vector3());
    return {
      position: { x: position.x, y: position.y, z: position.z },
      orientation: { x: orientation.x, y: orientation.y, z: orientation.z, w: orientation.w },
    };
  }

  /** Frees what a WebGL renderer may have made for this graph. */
  dispose(): void {
    for (const geometry of this.#geometries.values()) geometry.dispose();
    for (const material of this.#materials.values()) material.dispose();
    for (const texture of this.#textures.values()) texture.dispose();
  }

  #addBody(description: BodyDescription, segmentationId: number, semanticId: number): Object3D {
    const body = new Object3D();
    body.name = description.id;
    place(body, description.worldFromBody, () => `body "${description.id}".worldFromBody`);
    for (const [index, shape] of description.shapes.entries()) {
      if (shape.color === undefined) continue;
      const map = shape.texture && this.#textureOf(shape.texture, `body "${description.id}".shapes[${index}].texture`);
      const mesh = new Mesh(this.#geometryOf(shape), this.#materialOf(shape.color, map));
      mesh.name = description.label ?? description.id;
      mesh.userData["segmentationId"] = segmentationId;
      mesh.userData["semanticId"] = semanticId;
      mesh.castShadow = true;
      mesh.receiveShadow = true;
      if (shape.bodyFromShape !== undefined) {
        place(mesh, shape.bodyFromShape, () => `body "${description.id}".shapes[${index}].bodyFromShape`);
      }
      mesh.updateMatrix();
      mesh.matrixAutoUpdate = false;
      body.add(mesh);
    }
    this.root.add(body);
    return body;
  }

  #addCamera(description: CameraDescription, bodies: ReadonlyMap<string, Object3D>): PerspectiveCamera {
    const camera = new PerspectiveCamera();
    configureCamera(camera, description);
    const carrier = description.body === undefined ? this.root : bodies.get(description.body);
    if (carrier === undefined) throw new UnknownIdError("body", description.body ?? "", [...bodies.keys()]);
    carrier.add(camera);
    return camera;
  }

  #geometryOf({ geometry, texture }: ShapeDescription): BufferGeometry {
    const key = geometryKey(geometry);
    const plain = keep(this.#geometries, key, () => {
      const made = buildGeometry(geometry);
      made.userData["shadowCaster"] = buildShadowCaster(geometry);
      return made;
    });
    if (texture === undefined) return plain;
    const layout = layoutOf(texture);
    return keep(this.#geometries, `${key} ${layoutKey(layout)}`, () => {
      const made = unwrap(plain, geometry, layout);
      made.userData["shadowCaster"] = plain.userData["shadowCaster"];
      return made;
    });
  }

  #materialOf(color: LinearColor, map: DataTexture | undefined): MeshLambertMaterial {
    return keep(this.#materials, `${color.join(" ")} ${map?.id ?? ""}`, () => {
      const made = new MeshLambertMaterial({ map: map ?? null });
      made.color.setRGB(color[0], color[1], color[2]);
      return made;
    });
  }

  #textureOf(texture: TextureDescription, path: string): DataTexture {
    return keep(this.#textures, textureKey(texture), () => createTexture(texture, path));
  }
}

/** What the map has at the key, made now if it has nothing. */
function keep<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Poses of the bodies as they stand, `[bodies, 7]`. */
function posesOf(bodies: readonly Object3D[]): Float64Array {
  const poses = new Float64Array(bodies.length * POSE_SIZE);
  bodies.forEach(({ position: p, quaternion: q }, i) => poses.set([p.x, p.y, p.z, q.x, q.y, q.z, q.w], i * POSE_SIZE));
  return poses;
}

/** Ground that cast shadows would spread the shadow map over its whole area and leave no texels for what stands on it. */
function markShadowCasters(descriptions: readonly BodyDescription[], bodies: readonly Object3D[]): void {
  const meshes = bodies.flatMap((body, index) =>
    body.children.map((child) => {
      const mesh = child as Mesh;
      return { mesh, fixed: descriptions[index].kind === "fixed", radius: mesh.geometry.boundingSphere?.radius ?? 0 };
    }),
  );
  const largest = meshes.reduce((radius, each) => Math.max(radius, each.radius), 0);
  for (const { mesh, fixed, radius } of meshes) mesh.castShadow = !(fixed && radius >= GROUND_SHARE * largest);
}
