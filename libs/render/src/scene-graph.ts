import { DEFAULT_LIGHT, InputError, UnknownIdError } from "@reverie/core";
import type { BodyDescription, CameraDescription, Color as LinearColor, Pose, SceneDescription, ShapeDescription } from "@reverie/core";
import {
  Color,
  DirectionalLight,
  HemisphereLight,
  Mesh,
  MeshStandardMaterial,
  Object3D,
  PerspectiveCamera,
  Quaternion,
  Scene,
  Vector3,
} from "three";
import type { BufferGeometry } from "three";
import { buildGeometry, geometryKey } from "./geometry.ts";
import { setProjection } from "./pinhole.ts";

/** Numbers per body in a pose buffer: x, y, z, qx, qy, qz, qw. */
const POSE_SIZE = 7;
/** A fixed shape at least this share of the largest shape is ground, wall or sky: it receives shadows and casts none. */
const GROUND_SHARE = 0.5;

function place(object: Object3D, pose: Pose): void {
  const { position: p, orientation: q } = pose;
  object.position.set(p.x, p.y, p.z);
  object.quaternion.set(q.x, q.y, q.z, q.w);
}

/**
 * A scene description as a three.js scene graph, built once and then moved by `setPoses`.
 *
 * World frame: right-handed, z up, metres. `root` holds one Object3D per body in scene order, each with one Mesh per
 * coloured shape (`userData.segmentationId` = body index + 1), the cameras, a directional light and a hemisphere light.
 * Light intensities are pi, so that a white surface facing a light of colour 1 reflects 1 in the renderers here and in three's.
 */
export class SceneGraph {
  readonly root = new Scene();
  readonly bodies: readonly Object3D[];
  /** Cameras by id; `userData.width` and `userData.height` are the description's pixels. */
  readonly cameras: ReadonlyMap<string, PerspectiveCamera>;
  readonly #geometries = new Map<string, BufferGeometry>();
  readonly #materials = new Map<string, MeshStandardMaterial>();

  /** @throws UnknownIdError when a camera is carried by a body that the scene does not have */
  constructor(scene: SceneDescription) {
    this.root.up.set(0, 0, 1);
    const byId = new Map<string, Object3D>();
    this.bodies = scene.bodies.map((description, index) => {
      const body = this.#addBody(description, index + 1);
      byId.set(description.id, body);
      return body;
    });
    markShadowCasters(scene.bodies, this.bodies);
    const cameras = new Map<string, PerspectiveCamera>();
    for (const description of scene.cameras) cameras.set(description.id, this.#addCamera(description, byId));
    this.cameras = cameras;

    const light = scene.light ?? DEFAULT_LIGHT;
    this.root.background = new Color().setRGB(...light.background);
    const sun = new DirectionalLight(new Color().setRGB(...light.color), Math.PI);
    sun.position.set(light.towardsLight.x, light.towardsLight.y, light.towardsLight.z);
    sun.castShadow = true;
    const fill = new HemisphereLight(new Color().setRGB(...light.skyColor), new Color().setRGB(...light.groundColor), Math.PI);
    fill.position.set(0, 0, 1);
    this.root.add(sun, sun.target, fill);
    this.root.updateMatrixWorld(true);
  }

  /**
   * Moves all bodies.
   *
   * @param poses - `[bodies, 7]` in scene order: x, y, z in metres and the unit quaternion qx, qy, qz, qw, body frame in the
   *   world. Read, not kept.
   * @throws InputError when the length is not 7 times the number of bodies
   */
  setPoses(poses: Float32Array | Float64Array): void {
    const { bodies } = this;
    if (poses.length !== bodies.length * POSE_SIZE) {
      throw new InputError("poses", `expected ${bodies.length} bodies x ${POSE_SIZE} numbers, got ${poses.length} numbers.`);
    }
    for (let i = 0, at = 0; i < bodies.length; i++, at += POSE_SIZE) {
      const body = bodies[i];
      body.position.set(poses[at], poses[at + 1], poses[at + 2]);
      body.quaternion.set(poses[at + 3], poses[at + 4], poses[at + 5], poses[at + 6]);
    }
    this.root.updateMatrixWorld();
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
  }

  #addBody(description: BodyDescription, segmentationId: number): Object3D {
    const body = new Object3D();
    body.name = description.id;
    place(body, description.worldFromBody);
    for (const shape of description.shapes) {
      if (shape.color === undefined) continue;
      const mesh = new Mesh(this.#geometryOf(shape), this.#materialOf(shape.color));
      mesh.name = description.label ?? description.id;
      mesh.userData["segmentationId"] = segmentationId;
      mesh.castShadow = true;
      mesh.receiveShadow = true;
      if (shape.bodyFromShape !== undefined) place(mesh, shape.bodyFromShape);
      mesh.updateMatrix();
      mesh.matrixAutoUpdate = false;
      body.add(mesh);
    }
    this.root.add(body);
    return body;
  }

  #addCamera(description: CameraDescription, bodies: ReadonlyMap<string, Object3D>): PerspectiveCamera {
    const camera = new PerspectiveCamera();
    camera.name = description.id;
    camera.userData["width"] = description.width;
    camera.userData["height"] = description.height;
    setProjection(camera, description.verticalFov, description.width / description.height, description.near, description.far);
    place(camera, description.pose);
    const carrier = description.body === undefined ? this.root : bodies.get(description.body);
    if (carrier === undefined) throw new UnknownIdError("body", description.body ?? "", [...bodies.keys()]);
    carrier.add(camera);
    return camera;
  }

  #geometryOf(shape: ShapeDescription): BufferGeometry {
    const key = geometryKey(shape.geometry);
    const known = this.#geometries.get(key);
    if (known !== undefined) return known;
    const made = buildGeometry(shape.geometry);
    this.#geometries.set(key, made);
    return made;
  }

  #materialOf(color: LinearColor): MeshStandardMaterial {
    const key = color.join(" ");
    const known = this.#materials.get(key);
    if (known !== undefined) return known;
    const made = new MeshStandardMaterial({ roughness: 0.75, metalness: 0 });
    made.color.setRGB(color[0], color[1], color[2]);
    this.#materials.set(key, made);
    return made;
  }
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
