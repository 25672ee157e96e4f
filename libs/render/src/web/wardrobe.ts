import type { SceneDescription } from "@reverie/core";
import { BackSide, Box3, Mesh, MeshBasicMaterial, MeshStandardMaterial, NotEqualStencilFunc, ReplaceStencilOp, Vector3 } from "three";
import type { SceneGraph } from "../scene-graph.ts";

/** Bodies that joints connect to at least this many are a robot; fewer are furniture, as a drawer on its cabinet. */
const ROBOT_BODIES = 4;
const EMISSIVE = 0.28;

/** Ids of the bodies that belong to robots: connected by joints to at least `ROBOT_BODIES` bodies. */
export function robotBodies(scene: SceneDescription): Set<string> {
  const groups = new Map<string, Set<string>>();
  for (const { parent, child } of scene.joints) {
    const a = groups.get(parent) ?? new Set([parent]);
    const b = groups.get(child) ?? new Set([child]);
    const joined = new Set([...a, ...b]);
    for (const id of joined) groups.set(id, joined);
  }
  return new Set([...groups].filter(([, group]) => group.size >= ROBOT_BODIES).map(([id]) => id));
}

/** Gives a graph's meshes the materials of the viewport: satin robots, matt things, and a marked look with an outline. */
export class Wardrobe {
  readonly #graph: SceneGraph;
  readonly #robots: Set<string>;
  readonly #materials = new Map<string, MeshStandardMaterial>();
  readonly #outlineMaterial = new MeshBasicMaterial({
    side: BackSide,
    toneMapped: false,
    // Only where no marked mesh has drawn itself: the line then runs around the body, not around each of its shapes.
    stencilWrite: true,
    stencilRef: 1,
    stencilFunc: NotEqualStencilFunc,
  });
  readonly #outlines: Mesh[] = [];
  readonly #thickness: number;
  #marked: ReadonlySet<string> = new Set();
  #accent = 0;

  /** @param thickness - of outlines, metres */
  constructor(graph: SceneGraph, scene: SceneDescription, thickness: number) {
    this.#graph = graph;
    this.#robots = robotBodies(scene);
    this.#thickness = thickness;
  }

  dress(marked: ReadonlySet<string>, accent: number): void {
    this.#marked = marked;
    this.#accent = accent;
    this.#outlineMaterial.color.setHex(accent);
    for (const material of this.#materials.values()) material.emissive.setHex(accent);
    for (const outline of this.#outlines.splice(0)) outline.removeFromParent();
    for (const body of this.#graph.bodies) {
      for (const child of body.children) if (child instanceof Mesh) this.#dressMesh(child, body.name);
    }
  }

  dispose(): void {
    for (const outline of this.#outlines.splice(0)) outline.removeFromParent();
    for (const material of this.#materials.values()) material.dispose();
    this.#outlineMaterial.dispose();
  }

  #dressMesh(mesh: Mesh, bodyId: string): void {
    const isMarked = this.#marked.has(bodyId);
    const { color, map } = mesh.material as MeshStandardMaterial;
    const robot = this.#robots.has(bodyId);
    const key = `${color.r} ${color.g} ${color.b} ${map?.id ?? ""} ${robot} ${isMarked}`;
    let material = this.#materials.get(key);
    if (material === undefined) {
      material = new MeshStandardMaterial({ roughness: robot ? 0.34 : 0.68, metalness: robot ? 0.12 : 0, map });
      material.color.copy(color);
      material.emissive.setHex(this.#accent);
      material.emissiveIntensity = isMarked ? EMISSIVE : 0;
      material.stencilWrite = isMarked;
      material.stencilRef = 1;
      material.stencilZPass = ReplaceStencilOp;
      this.#materials.set(key, material);
    }
    mesh.material = material;
    if (isMarked) this.#outline(mesh);
  }

  /** The shape's own mesh, a little larger and inside out. */
  #outline(mesh: Mesh): void {
    mesh.geometry.computeBoundingBox();
    const size = (mesh.geometry.boundingBox ?? new Box3()).getSize(new Vector3());
    const grow = (extent: number): number => (extent > 0 ? 1 + (2 * this.#thickness) / extent : 1);
    const outline = new Mesh(mesh.geometry, this.#outlineMaterial);
    outline.renderOrder = 2;
    outline.scale.set(grow(size.x), grow(size.y), grow(size.z));
    mesh.add(outline);
    outline.updateMatrixWorld(true);
    this.#outlines.push(outline);
  }
}
